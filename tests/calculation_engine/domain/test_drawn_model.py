"""What experiments share is the same whatever they draw."""

import numpy as np
import pytest

from services.calculation_engine.domain.assignment import assign
from services.calculation_engine.domain.compiled import compile_model
from services.calculation_engine.domain.drawn_model import DrawnModel
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.sampling.sample import Design
from services.schemas.value_model import ValueModel
from tests.calculation_engine.every_loop import EVERY_LOOP
from tests.calculation_engine.models import a_cost, a_driver, a_model, an_input

MODEL = ValueModel.model_validate(
    a_model(
        inputs={
            "x": an_input(distribution={"kind": "pert", "low": 1, "mode": 2, "high": 4}),
            "y": an_input(distribution={"kind": "normal", "mean": 900, "sd": 50}),
            "unread": an_input(distribution={"kind": "uniform", "low": 0, "high": 1}),
        },
        correlations=[{"first": "x", "second": "y", "rank": 0.5}],
        drivers=[a_driver("a", "x * y", profile=[0.5, 1])],
        costs=[a_cost("outlay", initial="y / 2")],
    )
)
DESIGNS = [
    Design("sobol", 1, 2 * BLOCK),
    Design("latin_hypercube", 2, 2 * BLOCK),
    Design("random", 3, 2 * BLOCK),
]


def drawn_model() -> DrawnModel:
    compiled = compile_model(MODEL)
    return DrawnModel(compiled, assign(compiled, None, {}))


def test_inputs_that_no_amount_reads_are_not_drawn() -> None:
    assert list(drawn_model().drawn) == ["x", "y"]


@pytest.mark.parametrize("loops", EVERY_LOOP)
def test_experiments_that_share_a_model_leave_each_other_alone(loops: Loops) -> None:
    """Each finds what it finds by itself, and its registers still hold its own draws."""
    alone = [Experiment(drawn_model(), design, loops) for design in DESIGNS]
    model = drawn_model()
    sharing = [Experiment(model, design, loops) for design in DESIGNS]
    for first in (0, BLOCK):
        expected = [each.columns(first, first + BLOCK, ["irr"]).values["irr"] for each in alone]
        found = [each.columns(first, first + BLOCK, ["irr"]).values["irr"] for each in sharing]
        assert np.array_equal(found, expected)
        assert [each.inputs_of(BLOCK - 1) for each in sharing] == [
            each.inputs_of(BLOCK - 1) for each in alone
        ]
