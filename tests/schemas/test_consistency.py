from typing import Any

import pytest

from services.schemas.consistency import inconsistencies
from services.schemas.value_model import ValueModel
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

DRIVER, _ = VALUE_MODEL_EXAMPLE["drivers"]
COST, _ = VALUE_MODEL_EXAMPLE["costs"]


def pointers(**fields: Any) -> list[str]:
    model = ValueModel.model_validate({**VALUE_MODEL_EXAMPLE, **fields})
    return [finding.pointer for finding in inconsistencies(model)]


def test_the_example_is_consistent() -> None:
    assert pointers() == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"formulas": {"licence": "1"}}, "/formulas/licence"),
        ({"drivers": [DRIVER, DRIVER]}, "/drivers/1/key"),
        ({"drivers": [{**DRIVER, "pool": "nowhere"}]}, "/drivers/0/pool"),
        ({"drivers": [{**DRIVER, "kpi": {**DRIVER["kpi"], "input": "nothing"}}]}, "/drivers/0/kpi/input"),
        ({"drivers": [{**DRIVER, "profile": [1] * 13}]}, "/drivers/0/profile"),
        ({"costs": [COST, COST]}, "/costs/1/key"),
        ({"costs": [{**COST, "profile": [1] * 13}]}, "/costs/0/profile"),
        ({"scenarios": {"s": {"label": "S", "inputs": {"nothing": 1}}}}, "/scenarios/s/inputs/nothing"),
        (
            {"correlations": [{"first": "nothing", "second": "deflection_rate", "rank": 0}]},
            "/correlations/0/first",
        ),
        (
            {"correlations": [{"first": "deflection_rate", "second": "licence", "rank": 0}]},
            "/correlations/0/second",
        ),
        (
            {"correlations": [{"first": "deflection_rate", "second": "deflection_rate", "rank": 1}]},
            "/correlations/0/second",
        ),
        (
            {
                "correlations": [
                    {"first": "deflection_rate", "second": "minutes_per_ticket", "rank": 0.2},
                    {"first": "minutes_per_ticket", "second": "deflection_rate", "rank": 0.3},
                ]
            },
            "/correlations/1",
        ),
    ],
    ids=str,
)
def test_each_contradiction_is_found_where_it_is(fields: dict[str, Any], pointer: str) -> None:
    assert pointers(**fields) == [pointer]


def test_all_contradictions_are_found_at_once() -> None:
    assert pointers(
        formulas={"licence": "1"}, drivers=[{**DRIVER, "pool": "nowhere", "profile": [1] * 20}]
    ) == ["/formulas/licence", "/drivers/0/pool", "/drivers/0/profile"]
