"""A draw's flow and figures are those of an evaluation of the same numbers."""

import numpy as np
import pytest

from services.calculation_engine.domain.assignment import assign
from services.calculation_engine.domain.compiled import compile_model
from services.calculation_engine.domain.drawn_model import DrawnModel
from services.calculation_engine.domain.evaluation import evaluate
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.sampling.sample import Design
from services.schemas.evaluation import EvaluationRequest
from services.schemas.simulation import Output
from services.schemas.value_model import ValueModel
from tests.calculation_engine.every_loop import EVERY_LOOP
from tests.calculation_engine.models import a_cost, a_driver, a_model, an_input

SPREAD = {"kind": "uniform", "low": 200, "high": 900}
MODEL = ValueModel.model_validate(
    a_model(
        horizon={"periods": 9, "period_length": "quarter"},
        inputs={name: an_input(distribution=SPREAD) for name in "xyz"},
        drivers=[
            a_driver("a", "x", profile=[0, 0, 0.5, 1], pool="line"),
            a_driver(
                "b",
                "y - 300",
                profile=[0.2, 0.2, 0.8, 0.8, 1],
                pool="line",
                realisation="capacity",
                capture=0.9,
            ),
            a_driver("c", "z", profile=[0, 1, 1, 0.4, 0.4, 0.4, 1], risk_adjustment=0.2),
        ],
        pools={"line": {"label": "Line", "annual_amount": "500"}},
        costs=[a_cost("outlay", initial="300 + z / 10", recurring="x / 4")],
    )
)
# Draws that earn nothing late end in zeros, with rates near -100 %; some earn nothing at all.
FAR = ValueModel.model_validate(
    a_model(
        horizon={"periods": 600, "period_length": "year"},
        discount_rate=10,
        inputs={name: an_input(distribution=SPREAD) for name in "xyz"},
        drivers=[
            a_driver("early", "max(y - 400, 0) / 40", profile=[1, 0.5, 0]),
            a_driver("late", "max(x - 500, 0)", profile=[*[0] * 399, 1, 0]),
        ],
        costs=[a_cost("outlay", initial="300 + z / 10")],
    )
)
FIGURES: tuple[Output, ...] = ("npv", "irr", "mirr", "payback_months", "discounted_payback_months")
DRAWS = 40


@pytest.mark.parametrize("model", [MODEL, FAR], ids=["model", "far"])
@pytest.mark.parametrize("loops", EVERY_LOOP)
def test_draws_are_evaluations(loops: Loops, model: ValueModel) -> None:
    design = Design("sobol", 1, DRAWS)
    compiled = compile_model(model)
    experiment = Experiment(DrawnModel(compiled, assign(compiled, None, {})), design, loops)
    columns = experiment.columns(0, DRAWS, FIGURES, tuple("xyz"))
    net = experiment.flow(DRAWS).net
    for draw in range(DRAWS):
        point = {name: float(column[draw]) for name, column in columns.inputs.items()}
        answer = evaluate(EvaluationRequest(model=model, inputs=point))
        assert net[:, draw] == pytest.approx(np.array(answer.periods.net))
        for figure in FIGURES:
            exact = getattr(answer.total, figure)
            if exact is None:
                exact = np.inf if "payback" in figure else np.nan
            assert columns.values[figure][draw] == pytest.approx(exact, nan_ok=True)
