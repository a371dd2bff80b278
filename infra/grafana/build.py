"""Makes Grafana's dashboards, JSON of the classic model, from their sources: what is asked, how it is shown.

    python infra/grafana/build.py

A source names panels with `title`, `type` (timeseries, stat, table), `unit`, `size` (columns of 24, rows) and
`queries` (legend -> PromQL). `about` is its description, `says` (value -> word) its mapping, `colours`
(colour -> from where on) its thresholds, `exemplars` asks for them too. Panels flow from left to right;
`service: true` gives the dashboard a choice of services, `$service` in its queries.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
_SCHEMA_VERSION = 39  # Grafana 11; later ones read it and go on from there
_COLUMNS = 24

_SERVICE = {
    "name": "service",
    "label": "Service",
    "type": "query",
    "datasource": PROMETHEUS,
    "query": {"query": "label_values(http_requests_total, service)", "refId": "service"},
    "refresh": 2,
    "sort": 1,
    "multi": True,
    "includeAll": True,
    "allValue": ".+",
    "current": {"text": "All", "value": "$__all"},
}

_LINES = {
    "drawStyle": "line",
    "lineWidth": 1,
    "fillOpacity": 10,
    "showPoints": "auto",
    "spanNulls": False,
}

_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {
            "displayMode": "table",
            "placement": "right",
            "showLegend": True,
            "calcs": ["lastNotNull"],
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "value_and_name",
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}


def dashboard(source: dict[str, Any]) -> dict[str, Any]:
    """A source as Grafana reads it."""
    panels = source["panels"]
    places = _places([panel["size"] for panel in panels])
    return {
        "uid": source["uid"],
        "title": source["title"],
        "description": source["about"],
        "tags": ["valueverse"],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": source.get("from", "now-1h"), "to": "now"},
        "refresh": "30s",
        "templating": {"list": [_SERVICE] if source.get("service") else []},
        "annotations": {"list": []},
        "links": [_other_dashboards()],
        "panels": [
            _panel(number, panel, place)
            for number, (panel, place) in enumerate(zip(panels, places, strict=True), 1)
        ],
    }


def _other_dashboards() -> dict[str, Any]:
    return {
        "title": "ValueVerse",
        "type": "dashboards",
        "tags": ["valueverse"],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def _places(sizes: list[list[int]]) -> Iterator[dict[str, int]]:
    """Where each panel stands: in rows as high as their highest panel."""
    x = y = height = 0
    for w, h in sizes:
        if x + w > _COLUMNS:
            x, y, height = 0, y + height, 0
        yield {"x": x, "y": y, "w": w, "h": h}
        x, height = x + w, max(height, h)


def _panel(number: int, panel: dict[str, Any], place: dict[str, int]) -> dict[str, Any]:
    kind = panel["type"]
    made = {
        "id": number,
        "type": kind,
        "title": panel["title"],
        "description": panel.get("about", ""),
        "gridPos": place,
        "datasource": PROMETHEUS,
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _OPTIONS[kind],
        "targets": [
            _target(letter, legend, expression, panel)
            for letter, (legend, expression) in zip("ABCDEFGH", panel["queries"].items(), strict=False)
        ],
    }
    if kind == "table":
        made["transformations"] = [{"id": "organize", "options": {"excludeByName": {"Time": True}}}]
    return made


def _field(panel: dict[str, Any]) -> dict[str, Any]:
    field: dict[str, Any] = {"unit": panel["unit"], "color": {"mode": "palette-classic"}}
    if panel["type"] == "timeseries":
        field |= {"min": 0, "custom": _LINES}
    if words := panel.get("says"):
        texts = {str(value): {"text": word} for value, word in words.items()}
        field["mappings"] = [{"type": "value", "options": texts}]
    if colours := panel.get("colours"):
        steps = [{"color": colour, "value": value} for colour, value in colours.items()]
        steps[0]["value"] = None  # from minus infinity on
        field |= {"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": steps}}
    return field


def _target(letter: str, legend: str, expression: str, panel: dict[str, Any]) -> dict[str, Any]:
    is_table = panel["type"] == "table"
    return {
        "refId": letter,
        "datasource": PROMETHEUS,
        "editorMode": "code",
        "expr": " ".join(expression.split()),
        "legendFormat": legend,
        "exemplar": bool(panel.get("exemplars")),
        "instant": is_table,
        "range": not is_table,
        "format": "table" if is_table else "time_series",
    }


def rendered() -> Iterator[tuple[Path, str]]:
    """Each dashboard's file, and its text."""
    for source in sorted((FOLDER / "sources").glob("*.yml")):
        made = dashboard(yaml.safe_load(source.read_text()))
        yield FOLDER / "dashboards" / f"{source.stem}.json", json.dumps(made, indent=2) + "\n"


if __name__ == "__main__":
    for path, text in rendered():
        path.write_text(text)
