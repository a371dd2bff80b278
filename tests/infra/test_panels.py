"""Every panel's own query against what it must show of planted series, worked out in infra/grafana/tests."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.dashboards import QUERIES, Query
from tests.infra.exposed import ROOT, RULES, everything, unknown_names
from tests.servers.missing import MissingServer, skip_or_fail
from tests.servers.prometheus import promtool

# (dashboard, panel, legend) -> the planted series, and what is shown of them.
_CASES: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {
    (path.stem, panel, str(legend)): case
    for path in sorted((ROOT / "infra/grafana/tests").glob("*.yml"))
    for panel, legends in yaml.safe_load(path.read_text()).items()
    for legend, case in legends.items()
}


def _key(query: Query) -> tuple[str, str, str]:
    return query.dashboard, query.panel, query.legend


def _promtool_case(query: Query, expression: str) -> dict[str, Any]:
    case = _CASES[_key(query)]
    return {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in case["series"].items()],
        "promql_expr_test": [
            {
                "expr": expression,
                "eval_time": "10m",
                "exp_samples": [{"labels": name, "value": value} for name, value in case["shows"].items()],
            }
        ],
    }


def _complaints(folder: Path, cases: list[dict[str, Any]]) -> str:
    """What promtool has to say against these cases; nothing if they hold."""
    path = folder / "panels.yml"
    rules = [str(RULES / "recording.yml")]
    path.write_text(yaml.safe_dump({"rule_files": rules, "evaluation_interval": "1m", "tests": cases}))
    try:
        told = promtool("test", "rules", path)
    except MissingServer as error:
        skip_or_fail(str(error))
    return "" if told.returncode == 0 else told.stdout + told.stderr


def test_every_query_has_its_case() -> None:
    assert _CASES.keys() == {_key(query) for query in QUERIES}


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_a_case_plants_what_exists(query: Query) -> None:
    case = _CASES[_key(query)]
    assert case["shows"]
    assert [unknown_names(name, everything()) for name in case["series"]] == [[] for _ in case["series"]]


def test_every_query_shows_what_was_worked_out(tmp_path: Path) -> None:
    complaints = _complaints(tmp_path, [_promtool_case(query, query.expression) for query in QUERIES])
    assert not complaints, complaints


def _aggregated_otherwise(expression: str) -> str:
    """The same query with every sum a maximum, or its maximum and minimum exchanged."""
    other = {"sum": "max", "max": "min", "min": "max"}
    return re.sub(r"\b(sum|max|min)(?=\s*(?:by\s*)?\()", lambda found: other[found[1]], expression)


def test_each_case_tells_a_sum_from_a_maximum(tmp_path: Path) -> None:
    """So it plants several series of a group, which differ."""
    changed = {each: _aggregated_otherwise(each.expression) for each in QUERIES}
    aggregating = {each: other for each, other in changed.items() if other != each.expression}
    assert len(aggregating) > len(QUERIES) / 2
    complaints = _complaints(tmp_path, [_promtool_case(each, other) for each, other in aggregating.items()])
    told = {each: json.dumps(other) in complaints for each, other in aggregating.items()}
    assert [str(each) for each, is_told in told.items() if not is_told] == []


@pytest.mark.parametrize(
    ("legend", "meant", "mistaken"),
    [
        ("19 of 20", "0.95", "0.9"),
        ("rolled back", "rollback", "commit"),
        ("firing", "firing", "pending"),
        ("{{service}} {{outcome}}", "sum by", "max by"),
    ],
)
def test_a_query_that_asks_something_else_is_found(
    tmp_path: Path, legend: str, meant: str, mistaken: str
) -> None:
    query = next(each for each in QUERIES if each.legend == legend)
    changed = query.expression.replace(meant, mistaken)
    assert "got:" in _complaints(tmp_path, [_promtool_case(query, changed)])
