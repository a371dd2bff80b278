"""Goal seeks against values that can be solved by hand."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.calculation_engine.domain.errors import MissingBounds, NoFiniteValue, UnknownName
from services.calculation_engine.domain.evaluation import evaluate
from services.calculation_engine.domain.goal_seek import seek
from services.schemas.evaluation import EvaluationRequest
from services.schemas.goal_seek import GoalSeek, GoalSeekRequest
from tests.calculation_engine.models import a_cost, a_driver, a_model, an_input

ANNUITY = 1 / 1.1 + 1 / 1.21 + 1 / 1.331


def priced(benefit: str = "1000", **fields: Any) -> dict[str, Any]:
    """A benefit a year against a price at the start."""
    return a_model(
        inputs={"price": an_input(500, low=100, high=5000), "users": an_input(40)},
        drivers=[a_driver("d", benefit)],
        costs=[a_cost("outlay", initial="price")],
        **fields,
    )


def sought(model: dict[str, Any], **request: Any) -> GoalSeek:
    return seek(GoalSeekRequest.model_validate({"model": model, "input": "price", **request}))


def test_the_break_even_price_is_the_present_value() -> None:
    answer = sought(priced())
    assert answer.outcome == "found"
    assert answer.value == pytest.approx(1000 * ANNUITY, rel=1e-12)
    assert answer.roots[0].output == pytest.approx(0, abs=1e-9)
    assert (answer.low, answer.high, answer.current) == (100, 5000, 500)
    assert answer.output_at_current == pytest.approx(1000 * ANNUITY - 500)


def test_the_price_for_a_wanted_roi() -> None:
    answer = sought(priced(), output="roi", target=0.5)
    assert answer.value == pytest.approx(1000 * ANNUITY / 1.5)


def test_the_price_for_a_wanted_irr_and_payback() -> None:
    answer = sought(priced(), output="irr", target=0.1)
    assert answer.value == pytest.approx(1000 * ANNUITY)
    assert sought(priced(), output="payback_months", target=18).value == pytest.approx(1500)


def test_out_of_reach_says_how_far_it_goes() -> None:
    answer = sought(priced(), low=100, high=2000)
    assert (answer.outcome, answer.value, answer.roots) == ("out_of_reach", None, ())
    assert answer.least == pytest.approx(1000 * ANNUITY - 2000)
    assert answer.greatest == pytest.approx(1000 * ANNUITY - 100)


def test_of_several_roots_the_nearest_to_the_current_value_is_told() -> None:
    """(price - 1000) (price - 3000) a year."""
    model = priced("(price - 1000) * (price - 3000)")
    model["costs"] = []
    answer = sought(model, output="pv_benefits", inputs={"price": 2800})
    assert [root.value for root in answer.roots] == pytest.approx([1000, 3000])
    assert answer.value == pytest.approx(3000)


def test_a_jump_over_the_target_is_no_meeting() -> None:
    """At 2000 the benefit falls from 800 to 400 a year, and 600 is never met."""
    model = priced("if(price < 2000, 800, 400)")
    model["costs"] = []
    answer = sought(model, output="pv_benefits", target=600 * ANNUITY)
    assert answer.outcome == "jumps"
    assert answer.value == pytest.approx(2000)
    assert not answer.roots[0].exact


def test_a_stretch_on_the_target_is_met_once() -> None:
    model = priced("max(0, 1000 - price)")
    model["costs"] = []
    answer = sought(model, output="pv_benefits", target=0)
    assert len(answer.roots) == 1
    assert answer.value == pytest.approx(1000, abs=5)


def test_values_at_which_the_output_does_not_exist_are_passed_over() -> None:
    answer = sought(priced("1e6 / (price - 1000)"), low=1001, high=5000)
    value = answer.value
    assert value is not None
    assert 1e6 / (value - 1000) * ANNUITY == pytest.approx(value)
    assert sought(priced("sqrt(price - 2000) * 100"), low=0, high=5000).outcome == "found"


def test_an_input_that_nothing_reads_changes_nothing() -> None:
    answer = sought(priced(), input="users", low=0, high=1)
    assert answer.outcome == "out_of_reach"
    assert [warning.pointer for warning in answer.warnings] == ["/input"]


def test_refusals() -> None:
    with pytest.raises(UnknownName):
        sought(priced(), input="prise")
    with pytest.raises(MissingBounds) as refusal:
        sought(priced(), input="users", low=1)
    assert [fault.pointer for fault in refusal.value.faults] == ["/high"]
    with pytest.raises(MissingBounds):
        sought(priced(), low=6000)
    with pytest.raises(NoFiniteValue) as nowhere:
        sought(priced("1 / (price - price)"))
    assert nowhere.value.pointer == "/model/drivers/0/formula"


@settings(max_examples=40)
@given(st.floats(10, 1e6), st.floats(0.1, 3))
def test_the_root_meets_the_target_when_evaluated(benefit: float, roi: float) -> None:
    model = priced(str(benefit))
    answer = sought(model, output="roi", target=roi, low=0.001, high=1e8)
    assert answer.value is not None
    total = evaluate(
        EvaluationRequest.model_validate({"model": model, "inputs": {"price": answer.value}})
    ).total
    assert total.roi == pytest.approx(roi, rel=1e-9)
