"""Figures of draws, however many of them one call of the loops computes."""

from typing import Any

import numpy as np
import pytest

from services.calculation_engine.domain.assignment import assign
from services.calculation_engine.domain.compiled import compile_model
from services.calculation_engine.domain.drawn_model import DrawnModel
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.sampling.sample import Design
from services.schemas.simulation import Output
from services.schemas.value_model import ValueModel
from tests.calculation_engine.every_loop import COMPILED, EVERY_LOOP
from tests.calculation_engine.models import a_cost, a_driver, a_model, an_input

DRAWS = 9 * BLOCK + 100
OF_PRESENT_VALUES: list[Output] = ["npv", "roi", "pv_benefits", "pv_costs", "profitability_index"]


def experiment(loops: Loops, gain: str = "x * y", **fields: Any) -> Experiment:
    model = ValueModel.model_validate(
        a_model(
            inputs={
                "x": an_input(distribution={"kind": "pert", "low": 1, "mode": 2, "high": 4}),
                "y": an_input(distribution={"kind": "normal", "mean": 900, "sd": 50}),
            },
            drivers=[a_driver("a", gain, profile=[0.5, 1], pool="budget" if "pools" in fields else None)],
            costs=[a_cost("outlay", initial="y / 2")],
            **fields,
        )
    )
    compiled = compile_model(model)
    return Experiment(DrawnModel(compiled, assign(compiled, None, {})), Design("sobol", 1, DRAWS), loops)


@pytest.mark.parametrize("loops", EVERY_LOOP)
@pytest.mark.parametrize("gain", ["x * y", "y / max(0, x - 1.5)"], ids=["a value in all", "not in all"])
@pytest.mark.parametrize("first", [0, 3 * BLOCK])
def test_present_values_by_themselves_are_those_beside_flows(loops: Loops, gain: str, first: int) -> None:
    """Rates of return need the amounts of a block in the registers; present values alone do not."""
    alone = experiment(loops, gain).columns(first, DRAWS, OF_PRESENT_VALUES)
    beside = experiment(loops, gain).columns(first, DRAWS, [*OF_PRESENT_VALUES, "irr"])
    for output in OF_PRESENT_VALUES:
        assert np.array_equal(alone.values[output], beside.values[output], equal_nan=True)
    assert np.array_equal(alone.usable, beside.usable)
    assert alone.first_failure == beside.first_failure
    assert alone.usable.all() == (gain == "x * y")


def test_the_first_draw_without_a_value_is_told_by_its_inputs() -> None:
    found = experiment(COMPILED, "y / max(0, x - 1.05)").columns(BLOCK, DRAWS, ["npv"], ["x", "y"])
    first = int(np.argmin(found.usable))
    assert first > 10
    assert found.first_failure == {name: found.inputs[name][first] for name in ("x", "y")}
    assert found.inputs["x"][first] <= 1.05


@pytest.mark.parametrize(
    "fields",
    [
        {"correlations": [{"first": "x", "second": "y", "rank": 0.5}]},
        {"pools": {"budget": {"label": "Budget", "annual_amount": "1500"}}},
    ],
    ids=["correlated", "pooled"],
)
def test_what_the_loops_cannot_do_alone_is_done_block_by_block(fields: dict[str, Any]) -> None:
    alone = experiment(COMPILED, **fields).columns(0, DRAWS, ["npv"])
    beside = experiment(COMPILED, **fields).columns(0, DRAWS, ["npv", "irr"])
    assert np.array_equal(alone.values["npv"], beside.values["npv"])
