"""Small drivers to put into tests, and the real library."""

from typing import Any

from services.architect import library
from services.architect.domain.templates import DriverTemplate, Fact

LIBRARY = library.load()


def driver(
    key: str, *, base: float = 10.0, rate: float = 2.0, scaled_by: Fact | None = None, **changes: Any
) -> DriverTemplate:
    """A driver worth `volume * rate` a year: `rate` is the measured KPI."""
    document: dict[str, Any] = {
        "key": key,
        "title": key.title(),
        "summary": "For tests.",
        "industries": ["any"],
        "category": "tests",
        "realisation": "cashable",
        "inputs": {
            "volume": {
                "label": "Volume",
                "unit": "pieces",
                "low": base / 2,
                "base": base,
                "high": base * 2,
                "scaled_by": scaled_by,
                "evidence": "benchmark",
                "citation": "Made up for tests",
            },
            "rate": {
                "label": "Rate",
                "unit": "currency",
                "low": 1,
                "base": rate,
                "high": 3,
                "evidence": "assumption",
            },
        },
        "kpi": {
            "input": "rate",
            "metric": "rate",
            "unit": "currency",
            "direction": "increase",
            "aggregation": "mean",
        },
        "formula": "volume * rate",
    }
    return DriverTemplate.model_validate({**document, **changes})
