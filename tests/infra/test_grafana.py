"""Grafana's dashboards against its classic JSON model, the data sources they name and the metrics they ask.

Fields: grafana.com/docs/grafana/latest, "Dashboard JSON model", classic; grafana/grafana kinds/dashboard/
dashboard_kind.cue for panels, grid and field configuration, and for units
packages/grafana-data/src/valueFormats/categories.ts.
"""

from collections import Counter
from itertools import chain
from typing import Any

import pytest
import yaml

from infra.grafana import build
from tests.infra.dashboards import DASHBOARDS, FOLDER, QUERIES, Query
from tests.infra.exposed import ROOT, everything, unknown_names
from tests.infra.promql import FUNCTIONS_OF_2_24, parse

_DASHBOARD_FIELDS = {
    *("uid", "title", "description", "tags", "schemaVersion", "editable", "graphTooltip", "timezone", "time"),
    *("refresh", "templating", "annotations", "links", "panels"),
}
_PANEL_FIELDS = {
    *("id", "type", "title", "description", "gridPos", "datasource", "fieldConfig", "options", "targets"),
    "transformations",
}
_TARGET_FIELDS = frozenset(
    ("refId", "datasource", "editorMode", "expr", "legendFormat", "exemplar", "instant", "range", "format")
)
_FIELD_CONFIG = frozenset({"unit", "color", "thresholds", "min", "custom", "mappings"})
_UNITS = frozenset({"none", "reqps", "ops", "s", "ms", "bytes", "percentunit", "locale"})
_TITLES = {
    "Service health",
    "Requests and responses",
    "Database performance",
    "Cache hit rates",
    "Messaging",
    "Value",
}
_GRID = 24

PANELS = [(name, panel) for name, board in DASHBOARDS.items() for panel in board["panels"]]


def _provisioned(kind: str) -> dict[str, Any]:
    path = ROOT / f"infra/grafana/provisioning/{kind}/{kind}.yml"
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    assert found["apiVersion"] == 1
    return found


SOURCES = {source["uid"]: source for source in _provisioned("datasources")["datasources"]}


def test_the_dashboards_are_made_from_their_sources() -> None:
    made = dict(build.rendered())
    assert {path.name for path in made} == {path.name for path in FOLDER.glob("*.json")}
    drifted = [path.name for path, text in made.items() if path.read_text() != text]
    assert drifted == [], "run: python infra/grafana/build.py"


def test_there_is_one_of_each() -> None:
    assert {board["title"] for board in DASHBOARDS.values()} == _TITLES
    assert all(board["uid"] == name and len(name) <= 40 for name, board in DASHBOARDS.items())


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_has_the_fields_of_the_model(name: str) -> None:
    board = DASHBOARDS[name]
    assert board.keys() == _DASHBOARD_FIELDS
    assert 36 <= board["schemaVersion"] <= 41
    assert board["graphTooltip"] in {0, 1, 2}
    assert board["time"].keys() == {"from", "to"}
    variables = {f"${variable['name']}" for variable in board["templating"]["list"]}
    used = {"$service"} if any("$service" in str(panel["targets"]) for panel in board["panels"]) else set()
    assert used == variables
    assert max(Counter(panel["id"] for panel in board["panels"]).values()) == 1


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_panel_covers_another(name: str) -> None:
    cells = Counter(chain.from_iterable(_cells(panel["gridPos"]) for panel in DASHBOARDS[name]["panels"]))
    assert max(cells.values()) == 1
    assert all(0 <= x < _GRID and y >= 0 for x, y in cells)


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    assert place.keys() == {"x", "y", "w", "h"}
    return [
        (x, y)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]


@pytest.mark.parametrize(
    ("name", "panel"), PANELS, ids=lambda each: each if isinstance(each, str) else each["title"]
)
def test_a_panel_has_the_fields_of_the_model(name: str, panel: dict[str, Any]) -> None:
    assert panel.keys() <= _PANEL_FIELDS
    assert panel["type"] in {"timeseries", "stat", "table"}
    assert panel["title"]
    field = panel["fieldConfig"]["defaults"]
    assert field.keys() <= _FIELD_CONFIG
    assert field["unit"] in _UNITS
    for source in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
        assert SOURCES[source["uid"]]["type"] == source["type"]
    assert all(target.keys() == _TARGET_FIELDS for target in panel["targets"])
    assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH")[: len(panel["targets"])]
    steps = field.get("thresholds", {}).get("steps", [{"value": None}])
    assert steps[0]["value"] is None
    assert [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_a_query_names_what_exists(query: Query) -> None:
    assert unknown_names(query.expression, everything()) == []
    assert parse(query.expression).functions <= FUNCTIONS_OF_2_24
    assert "$" not in query.expression


def test_an_exemplar_opens_its_trace_in_jaeger() -> None:
    (destination,) = SOURCES["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert destination["name"] == "trace_id"  # as the services say: tests/chassis/telemetry/test_metrics.py
    assert SOURCES[destination["datasourceUid"]]["type"] == "jaeger"
    asking = [panel["title"] for _, panel in PANELS if any(each["exemplar"] for each in panel["targets"])]
    assert asking == ["Durations"]


def test_the_folder_of_the_dashboards_is_provisioned() -> None:
    (provider,) = _provisioned("dashboards")["providers"]
    assert provider["type"] == "file"
    assert provider["options"] == {"path": "/var/lib/grafana/dashboards"}
