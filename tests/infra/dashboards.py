"""Grafana's dashboards as a test reads them: their panels, and what each asks Prometheus."""

import json
from dataclasses import dataclass
from typing import Any

from tests.infra.exposed import ROOT

FOLDER = ROOT / "infra/grafana/dashboards"
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))
}

# What Grafana puts in the place of its variables; an interval that two scrapes of a test fit into.
_VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$service": ".+"}


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel, as Prometheus is asked it."""

    dashboard: str
    panel: str
    legend: str
    expression: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.legend}"


def _queries() -> list[Query]:
    return [
        Query(name, panel["title"], target["legendFormat"], _filled(target["expr"]))
        for name, dashboard in DASHBOARDS.items()
        for panel in dashboard["panels"]
        for target in panel["targets"]
    ]


def _filled(expression: str) -> str:
    for variable, value in _VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


QUERIES = _queries()


def query(dashboard: str, panel: str) -> Query:
    """A panel's only query, by its title."""
    (found,) = [each for each in QUERIES if (each.dashboard, each.panel) == (dashboard, panel)]
    return found
