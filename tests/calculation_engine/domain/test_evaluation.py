"""Evaluations computed by hand."""

from typing import Any

import pytest

from services.calculation_engine.domain.errors import NoFiniteValue, UnknownName
from services.calculation_engine.domain.evaluation import evaluate, is_brief
from services.schemas.evaluation import Evaluation, EvaluationRequest
from tests.calculation_engine.models import a_cost, a_driver, a_model, an_input


def evaluation(model: dict[str, Any], **request: Any) -> Evaluation:
    return evaluate(EvaluationRequest.model_validate({"model": model, **request}))


def test_three_years_by_hand() -> None:
    total = evaluation(a_model(drivers=[a_driver("d", "600")])).total
    assert total.pv_benefits == pytest.approx(600 / 1.1 + 600 / 1.21 + 600 / 1.331)
    assert total.pv_costs == 1000
    assert total.npv == pytest.approx(492.1112, abs=1e-4)
    assert total.roi == pytest.approx(0.4921112, abs=1e-7)
    assert total.payback_months == pytest.approx(20)
    assert total.profitability_index == pytest.approx(1.4921112, abs=1e-7)
    assert total.irr is not None
    assert sum(600 / (1 + total.irr) ** year for year in (1, 2, 3)) == pytest.approx(1000)
    assert total.irr_roots == (total.irr,)
    # Compounded to the end at 10 %: 600 (1.21 + 1.1 + 1) = 1986
    assert total.mirr == pytest.approx(1.986 ** (1 / 3) - 1)
    assert (total.benefits, total.costs) == (1800, 1000)


def test_discounted_payback_by_hand() -> None:
    """545.45 + 495.87 of the discounted flows reach 1000 in year 2: 1 + 454.55 / 495.87."""
    total = evaluation(a_model(drivers=[a_driver("d", "600")])).total
    assert total.discounted_payback_months == pytest.approx(12 * (1 + (1000 - 600 / 1.1) / (600 / 1.21)))


def test_a_month_holds_a_twelfth_of_the_annual_amount() -> None:
    monthly = a_model(
        horizon={"periods": 24, "period_length": "month"},
        drivers=[a_driver("d", "1200", profile=[0, 0.5, 1])],
    )
    periods = evaluation(monthly).periods
    assert periods.month == tuple(range(25))
    assert periods.drivers[0].gross[:5] == (0, 0, 50, 100, 100)
    assert periods.drivers[0].gross[24] == 100
    assert periods.drivers[0].discounted[12] == pytest.approx(100 / 1.1)


def test_payback_is_in_months_whatever_the_period() -> None:
    quarterly = a_model(horizon={"periods": 12, "period_length": "quarter"}, drivers=[a_driver("d", "3200")])
    assert evaluation(quarterly).total.payback_months == pytest.approx(3.75)


def test_risk_lowers_benefits_and_raises_costs() -> None:
    model = a_model(
        drivers=[a_driver("d", "1000", risk_adjustment=0.2)],
        costs=[a_cost("c", initial="500", recurring="100", risk_adjustment=0.1)],
    )
    answer = evaluation(model)
    assert answer.drivers[0].gross == 3000
    assert answer.drivers[0].risk_adjusted == pytest.approx(2400)
    assert answer.costs[0].gross == 800
    assert answer.costs[0].risk_adjusted == pytest.approx(880)
    assert answer.periods.cost_lines[0].risk_adjusted == pytest.approx((550, 110, 110, 110))


def test_capture_turns_released_capacity_into_money() -> None:
    model = a_model(drivers=[a_driver("d", "1000", realisation="capacity", capture=0.25)])
    (driver,) = evaluation(model).drivers
    assert (driver.gross, driver.risk_adjusted, driver.capped) == (3000, 750, 0)


def test_a_pool_caps_its_drivers_in_proportion_and_reports_it() -> None:
    model = a_model(
        drivers=[
            a_driver("a", "300", pool="payroll", profile=[0, 1, 1]),
            a_driver("b", "900", pool="payroll"),
            a_driver("loss", "-100", pool="payroll"),
            a_driver("free", "5000"),
        ],
        pools={"payroll": {"label": "Payroll", "annual_amount": "800"}},
    )
    answer = evaluation(model)
    (overlap,) = answer.overlaps
    assert overlap.periods == (1, 2, 3)
    assert overlap.drivers == ("a", "b", "loss")
    assert (overlap.claimed, overlap.available, overlap.cut) == (900 + 1200 + 1200, 2400, 900)
    lines = {line.key: line.risk_adjusted for line in answer.periods.drivers}
    assert lines["a"] == pytest.approx((0, 0, 200, 200))
    assert lines["b"] == pytest.approx((0, 800, 600, 600))
    assert lines["loss"] == pytest.approx((0, -100, -100, -100))
    assert lines["free"] == pytest.approx((0, 5000, 5000, 5000))
    assert [driver.capped for driver in answer.drivers] == pytest.approx([200, 700, 0, 0])


def test_a_pool_that_suffices_is_not_reported() -> None:
    model = a_model(
        drivers=[a_driver("a", "800", pool="payroll")],
        pools={"payroll": {"label": "Payroll", "annual_amount": "800"}},
    )
    answer = evaluation(model)
    assert answer.overlaps == ()
    assert answer.drivers[0].capped == 0


def test_views_by_realisation() -> None:
    model = a_model(
        drivers=[
            a_driver("cash", "300"),
            a_driver("sales", "200", realisation="revenue"),
            a_driver("time", "500", realisation="capacity"),
        ]
    )
    answer = evaluation(model)
    assert list(answer.by_realisation) == ["cashable", "revenue", "capacity"]
    assert answer.cfo_view.benefits == 1500
    assert answer.cfo_view.share == pytest.approx(0.5)
    assert answer.by_realisation["capacity"].benefits == 1500
    assert answer.by_realisation["capacity"].npv == pytest.approx(answer.cfo_view.npv)
    assert answer.cfo_view.costs == answer.total.costs


def test_each_driver_has_its_share_of_what_is_gained() -> None:
    """By present value, after risk and the pool's limit; shares of what is gained add up to all of it."""
    model = a_model(
        drivers=[
            a_driver("first", "600", profile=[1, 0]),
            a_driver("late", "660", profile=[0, 1, 0]),
            a_driver("risky", "1200", risk_adjustment=0.5, profile=[1, 0]),
            a_driver("pooled", "900", pool="payroll", profile=[1, 0]),
        ],
        pools={"payroll": {"label": "Payroll", "annual_amount": "600"}},
    )
    assert [driver.share for driver in evaluation(model).drivers] == pytest.approx([0.25] * 4)


def test_the_share_that_rests_on_assumptions() -> None:
    model = a_model(
        inputs={
            "known": an_input(100),
            "guess": an_input(100, evidence="assumption"),
        },
        formulas={"half": "guess / 2"},
        drivers=[a_driver("firm", "known * 3"), a_driver("soft", "half * 2", realisation="revenue")],
    )
    answer = evaluation(model)
    assert answer.total.assumption_share == pytest.approx(0.25)
    assert answer.by_realisation["cashable"].assumption_share == 0
    assert [driver.assumptions for driver in answer.drivers] == [(), ("guess",)]


def test_a_month_of_delay_costs_a_months_benefits_at_least_nominally() -> None:
    """In months: 100 a month for two months; a month later only the second month still has 100."""
    monthly = a_model(horizon={"periods": 2, "period_length": "month"}, drivers=[a_driver("d", "1200")])
    assert evaluation(monthly).total.cost_of_delay == pytest.approx(100 / 1.1 ** (1 / 12))
    yearly = a_model(drivers=[a_driver("d", "1200")])
    assert evaluation(yearly).total.cost_of_delay == pytest.approx(100 / 1.1)


def test_named_formulas_are_answered_by_name() -> None:
    model = a_model(
        inputs={"hours": an_input(10)},
        formulas={"cost": "hours * 50", "double": "cost * 2"},
        drivers=[a_driver("d", "double")],
    )
    answer = evaluation(model)
    assert answer.formulas == {"cost": 500, "double": 1000}
    assert answer.drivers[0].annual_amount == 1000


def test_a_formula_without_a_value_that_nothing_needs_is_null_with_a_warning() -> None:
    model = a_model(
        inputs={"seats": an_input(0)},
        formulas={"per_seat": "1000 / seats"},
        drivers=[a_driver("d", "if(seats == 0, 0, per_seat)")],
    )
    answer = evaluation(model)
    assert answer.formulas == {"per_seat": None}
    (warning,) = answer.warnings
    assert warning.pointer == "/model/formulas/per_seat"
    assert "division by zero" in warning.detail


def test_an_uncertain_input_stands_at_its_base_or_else_its_mean() -> None:
    spread = {"kind": "triangular", "low": 0, "mode": 0, "high": 3}
    model = a_model(
        inputs={"a": an_input(distribution=spread), "b": an_input(distribution=spread, base=2)},
        drivers=[a_driver("d", "a + b")],
    )
    assert evaluation(model).inputs == {"a": 1, "b": 2}


def test_overrides_come_after_the_scenario() -> None:
    model = a_model(
        inputs={"a": an_input(1), "b": an_input(2), "c": an_input(3)},
        scenarios={"bold": {"label": "Bold", "inputs": {"a": 10, "b": 20}}},
    )
    answer = evaluation(model, scenario="bold", inputs={"b": 200})
    assert answer.inputs == {"a": 10, "b": 200, "c": 3}
    assert answer.scenario == "bold"


def test_unknown_scenarios_and_inputs_are_named() -> None:
    with pytest.raises(UnknownName) as refusal:
        evaluation(a_model(), scenario="bold")
    assert refusal.value.pointer == "/scenario"
    with pytest.raises(UnknownName) as refusal:
        evaluation(a_model(), inputs={"a": 1, "b": 2})
    assert [fault.pointer for fault in refusal.value.faults] == ["/inputs/a", "/inputs/b"]


def test_amounts_without_a_value_are_errors_all_at_once() -> None:
    model = a_model(
        inputs={"seats": an_input(0)},
        formulas={"per_seat": "1000 / seats"},
        drivers=[a_driver("d", "per_seat * 2"), a_driver("e", "1e18")],
        costs=[a_cost("c", recurring="ln(seats)")],
    )
    with pytest.raises(NoFiniteValue) as refusal:
        evaluation(model)
    first, second, third = refusal.value.faults
    assert (first.pointer, first.formula, first.position) == ("/model/formulas/per_seat", "per_seat", 5)
    assert first.detail == "d has no value: division by zero in per_seat"
    assert second.detail == "the amount of e is too large"
    assert third.pointer == "/model/costs/0/recurring"


def test_a_model_without_costs_has_no_roi() -> None:
    total = evaluation(a_model(drivers=[a_driver("d", "600")], costs=[])).total
    assert total.npv > 0
    assert (total.roi, total.irr, total.mirr, total.profitability_index) == (None, None, None, None)
    assert total.payback_months == 0


def test_an_empty_model_is_all_zero() -> None:
    answer = evaluation(a_model(costs=[]))
    assert answer.total.npv == 0
    assert answer.total.share is None
    assert answer.by_realisation == {}
    assert answer.periods.net == (0, 0, 0, 0)


def test_several_rates_of_return_are_listed_and_none_is_chosen() -> None:
    model = a_model(
        horizon={"periods": 2, "period_length": "year"},
        drivers=[a_driver("d", "10", profile=[1, 0])],
        costs=[a_cost("c", initial="1.6", recurring="10", profile=[0, 1])],
    )
    total = evaluation(model).total
    assert total.irr is None
    assert total.irr_roots == pytest.approx((0.25, 4.0))


def test_an_irr_beyond_float64_is_null() -> None:
    model = a_model(
        horizon={"periods": 1, "period_length": "month"},
        drivers=[a_driver("d", "1e17")],
        costs=[a_cost("c", initial="1e-15")],
    )
    assert evaluation(model).total.irr is None


MANY = [a_driver(f"d{number}", "600") for number in range(41)]
LONG = " + ".join(["1000"] * 200)
TRUNCATED = {"kind": "truncated", "of": {"kind": "normal", "mean": 1, "sd": 1}, "low": 0}


@pytest.mark.parametrize(
    "larger",
    [
        {"horizon": {"periods": 121, "period_length": "month"}},
        {"drivers": MANY},
        {"drivers": [a_driver("d", LONG), a_driver("e", LONG)]},
        {"drivers": [a_driver("d", LONG)], "formulas": {"f": LONG}},
        {"costs": [a_cost("c", initial=LONG, recurring=LONG)]},
        {"drivers": [a_driver("d", LONG)], "pools": {"line": {"label": "A line", "annual_amount": LONG}}},
        {"inputs": {f"x{number}": an_input(1.0) for number in range(200)}},
        {"inputs": {"x": an_input(distribution=TRUNCATED)}},
    ],
)
def test_a_usual_model_is_brief_and_a_larger_one_is_not(larger: dict[str, Any]) -> None:
    usual = a_model(drivers=[a_driver("d", "600")])
    assert is_brief(EvaluationRequest.model_validate({"model": usual}))
    assert not is_brief(EvaluationRequest.model_validate({"model": {**usual, **larger}}))
