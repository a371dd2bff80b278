"""Deal optimizations against what is computed by hand, against the engine's other answers, and by laws."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings

from services.calculation_engine.domain.bounds import EXAMINED, INLINE, Bounds
from services.calculation_engine.domain.deal_optimization import optimize
from services.calculation_engine.domain.discounting import discount_factors
from services.calculation_engine.domain.errors import TooLarge, UnknownName
from services.calculation_engine.domain.evaluation import evaluate
from services.calculation_engine.domain.simulation import simulate
from services.schemas.deal_optimization import DealFigures, DealOptimization, DealPoint
from services.schemas.deal_optimization_example import DEAL_OPTIMIZATION_EXAMPLE
from services.schemas.evaluation import EvaluationRequest
from services.schemas.simulation import Estimate, SimulationRequest
from services.schemas.value_model import ValueModel
from tests.calculation_engine.deals import (
    MILESTONE,
    SHARE,
    SUBSCRIPTION,
    a_deal,
    a_decision,
    an_uncertain_model,
    by_hand,
    efficient,
    of_model,
    random_deals,
    requested,
)
from tests.calculation_engine.models import Json, a_cost, a_driver, an_input, random_models, scaled


def optimized(deal: Json, bounds: Bounds = INLINE) -> DealOptimization:
    return optimize(requested(deal), bounds)


def only(deal: Json) -> DealFigures:
    """The figures of a deal in which nothing is open."""
    (point,) = optimized(deal).points
    return point.figures


def known(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def test_a_deal_by_hand() -> None:
    """Gains of 800 and 1700: fees of 160 and, at the cap, 250; 16 and 25 are held back, and released at the
    end. The milestone falls in the second year."""
    found = only(by_hand())
    shares = 160 - 16, 250 - 25 + 41
    paid = 100 + 100 / 1.1 + 50 / 1.21 + shares[0] / 1.1 + shares[1] / 1.21
    costs = 300 + paid
    npv = 905 / 1.1 + 1805 / 1.21 - costs
    assert found.customer_npv.value == pytest.approx(npv)
    assert found.customer_roi.value == pytest.approx(npv / costs)
    assert found.customer_p10_npv.value == pytest.approx(npv)
    assert found.customer_p10_roi.value == pytest.approx(npv / costs)
    assert found.customer_npv_positive.value == 1
    revenue = 100 + 100 / 1.21 + 50 / 1.4641 + shares[0] / 1.21 + shares[1] / 1.4641
    margin = revenue - 80 - 30 / 1.21 - 20 / 1.4641
    assert found.vendor_revenue.value == pytest.approx(revenue)
    assert found.vendor_margin.value == pytest.approx(margin)
    assert found.vendor_p10_margin.value == pytest.approx(margin)
    assert found.vendor_margin_ratio.value == pytest.approx(margin / revenue)


def test_the_customer_may_count_some_drivers_alone() -> None:
    deal = by_hand()
    counted = only({**deal, "customer": {**deal["customer"], "drivers": ["saving"]}})
    assert known(only(deal).customer_npv) - known(counted.customer_npv) == pytest.approx(5 / 1.1 + 5 / 1.21)
    assert counted.vendor_margin == only(deal).vendor_margin


def test_without_charges_the_customer_s_side_is_the_simulation() -> None:
    model = {**DEAL_OPTIMIZATION_EXAMPLE["model"]}
    free = {**SUBSCRIPTION, "amount_per_period": "0"}
    found = only({**a_deal(free, model=model, draws=3000, seed=5), "pricing": {"terms": [free]}})
    simulated = simulate(
        SimulationRequest.model_validate(
            {"model": model, "draws": 3000, "seed": 5, "outputs": ["npv", "roi"]}
        )
    )
    npv, roi = simulated.outputs
    assert found.customer_npv.model_dump() == pytest.approx(npv.mean.model_dump())
    assert found.customer_roi.model_dump() == pytest.approx(roi.mean.model_dump())
    assert found.customer_p10_npv == npv.percentiles.p10
    assert found.customer_p10_roi == roi.percentiles.p10
    assert found.customer_npv_positive == simulated.probabilities.npv_positive
    assert found.vendor_margin_ratio.value is None


@settings(max_examples=25)
@given(random_models())
def test_a_gain_is_the_evaluation_s_line(model: ValueModel) -> None:
    """The whole of it, as the fee: risk-adjusted, within its pool, losses apart."""
    deal = of_model(model, inputs={"x": 1.3}, draws=100)
    deal["pricing"]["terms"] = [{**SHARE, "share": "1"}]
    line = evaluate(EvaluationRequest(model=model, inputs={"x": 1.3})).periods.drivers[0]
    factors = discount_factors(model.discount_rate, model.horizon.months_per_period, model.horizon.periods)
    worth = sum(
        max(gain, 0) * factor for gain, factor in zip(line.risk_adjusted[1:], factors[1:], strict=True)
    )
    cents = 0.005 * float(factors.sum())
    assert only(deal).vendor_revenue.value == pytest.approx(worth, rel=1e-9, abs=cents)


@settings(max_examples=10)
@given(random_models())
def test_what_one_pays_the_other_gets(model: ValueModel) -> None:
    """At one rate and without cost to serve, customer's NPV and revenue have one sum, whatever the terms."""
    decisions = [
        a_decision("platform", "amount_per_period", 0, 1000, 250),
        a_decision("gain", "share", 0, 1, 0.25),
    ]
    points = optimized(of_model(model, decisions=decisions, draws=100)).points
    totals = [known(each.figures.customer_npv) + known(each.figures.vendor_revenue) for each in points]
    size = max(abs(known(each.figures.customer_npv)) + known(each.figures.vendor_revenue) for each in points)
    assert totals == pytest.approx([totals[0]] * len(points), abs=1e-9 * size)


@settings(max_examples=10)
@given(random_models())
def test_a_higher_share_never_lowers_the_vendor_s_margin(model: ValueModel) -> None:
    deal = of_model(model, decisions=[a_decision("gain", "share", 0, 1, 0.05)], draws=100)
    points = sorted(optimized(deal).points, key=lambda point: point.values["gain"]["share"])
    margins = [known(point.figures.vendor_margin) for point in points]
    assert margins == sorted(margins)
    assert len(points) == 21


@pytest.mark.parametrize(
    ("term", "field", "low", "high", "more"),
    [
        # 20 % of a gain of 1000 for three years, at 10 %, under a cap and over a floor.
        ("platform", "amount_per_period", 100, 101, 1 + 1 / 1.1 + 1 / 1.21),
        ("live_fee", "amount", 50, 51, 1 / 1.21),
        ("gain", "share", 0.2, 0.21, 10 * (1 / 1.1 + 1 / 1.21 + 1 / 1.331)),
        ("gain", "floor_per_period", 200, 205, 5 * (1 / 1.1 + 1 / 1.21 + 1 / 1.331)),
        ("gain", "cap_per_period", 150, 160, 10 * (1 / 1.1 + 1 / 1.21 + 1 / 1.331)),
        ("gain", "holdback", 0, 0.1, -20 * (1 / 1.1 + 1 / 1.21 - 2 / 1.331)),
    ],
)
def test_each_field_that_may_be_open(term: str, field: str, low: float, high: float, more: float) -> None:
    deal = a_deal(SUBSCRIPTION, MILESTONE, SHARE, inputs={"x": 1000}, draws=100)
    points = optimized(
        {**deal, "decisions": [a_decision(term, field, low, high, round(high - low, 2))]}
    ).points
    revenue = {point.values[term][field]: known(point.figures.vendor_revenue) for point in points}  # type: ignore[index]
    assert revenue.keys() == {low, high}
    assert revenue[high] - revenue[low] == pytest.approx(more)


@settings(max_examples=10)
@given(random_models())
def test_scaling_the_currency_scales_everything(model: ValueModel) -> None:
    """But for what is rounded to cents: each gain, and each fee."""
    decisions = [
        a_decision("platform", "amount_per_period", 0, 500, 100),
        a_decision("gain", "share", 0, 1, 0.5),
    ]
    vendor = {"one_off": 70, "per_period": [9]}
    before = optimized(of_model(model, decisions=decisions, vendor=vendor, draws=100))
    larger = [a_decision("platform", "amount_per_period", 0, 50_000, 10_000), decisions[1]]
    after = optimized(
        of_model(
            scaled(model, 100), decisions=larger, draws=100, vendor={"one_off": 7000, "per_period": [900]}
        )
    )
    factors = discount_factors(model.discount_rate, model.horizon.months_per_period, model.horizon.periods)
    cents = 0.01 * 101 * float(factors.sum())
    for one, same in zip(_in_order(before), _in_order(after), strict=True):
        for figure in ("vendor_revenue", "vendor_margin", "customer_npv", "customer_p10_npv"):
            small, large = (known(getattr(each.figures, figure)) for each in (one, same))
            assert large == pytest.approx(100 * small, rel=1e-7, abs=cents)


def _in_order(answer: DealOptimization) -> list[DealPoint]:
    return sorted(answer.points, key=lambda point: [list(each.values()) for each in point.values.values()])


@settings(max_examples=25)
@given(random_deals())
def test_the_frontier_is_what_it_says(deal: Json) -> None:
    answer = optimized(deal)
    constraints = {each["figure"]: each["at_least"] for each in deal["constraints"]}
    objectives_asked = (answer.vendor_objective, answer.customer_objective)

    def objectives(point: DealPoint) -> tuple[float, float]:
        found = (getattr(point.figures, each).value for each in objectives_asked)
        vendor, customer = (-math.inf if value is None else value for value in found)
        return vendor, customer

    def missed(point: DealPoint) -> set[str]:
        values = {figure: getattr(point.figures, figure).value for figure in constraints}
        return {name for name, value in values.items() if value is None or value < constraints[name]}

    front = [objectives(point) for point in efficient(answer)]
    # Strictly ascending in one and descending in the other: nobody dominates anybody.
    assert all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(front))
    assert len(answer.points) <= deal["structures"]
    for point in answer.points:
        assert set(point.violates) == missed(point)
        vendor, customer = objectives(point)
        if point.standing == "refused":
            assert point.violates or -math.inf in (vendor, customer)
            assert point.yields_to is None
        elif point.standing == "efficient":
            assert (point.yields_to, point.violates) == (None, ())
        else:
            assert point.yields_to is not None
            better = front[point.yields_to]
            assert better[0] >= vendor
            assert better[1] >= customer
            assert (better == (vendor, customer)) == (point.standing == "equalled")
            assert not (point.is_surely_dominated and point.standing == "equalled")
    assert (answer.outcome == "infeasible") == (not front) == (answer.nearest is not None)


@settings(max_examples=5)
@given(random_deals())
def test_the_same_seed_gives_the_same_bytes(deal: Json) -> None:
    assert optimized(deal).model_dump_json() == optimized(deal).model_dump_json()


def test_another_seed_gives_other_draws() -> None:
    assert only(a_deal(seed=1)).vendor_margin != only(a_deal(seed=2)).vendor_margin


def test_an_end_of_the_frontier_lies_on_the_constraint() -> None:
    """A saving of 1000 a year; the price at which the ROI is 25 % is 800 less a period's discount."""
    model = an_uncertain_model()
    deal = a_deal(
        SUBSCRIPTION,
        inputs={"x": 1000},
        model=model,
        decisions=[a_decision("platform", "amount_per_period", 0, 1000)],
        constraints=[{"figure": "customer_roi", "at_least": 0.25}],
        structures=100,
        draws=100,
    )
    best = efficient(optimized(deal))[-1]
    assert best.values["platform"]["amount_per_period"] == pytest.approx(800 / 1.1, abs=0.02)
    assert known(best.figures.customer_roi) >= 0.25


def test_no_structure_keeps_the_constraints() -> None:
    """The answer says which comes nearest, and how far each constraint is out of reach."""
    deal = a_deal(
        decisions=[
            a_decision("platform", "amount_per_period", 10, 500),
            a_decision("gain", "share", 0.05, 0.5),
        ],
        constraints=[
            {"figure": "customer_roi", "at_least": 2},
            {"figure": "vendor_margin", "at_least": 1500},
        ],
        structures=120,
    )
    answer = optimized(deal)
    assert answer.outcome == "infeasible"
    assert {point.standing for point in answer.points} == {"refused"}
    assert answer.nearest is not None
    near = answer.points[answer.nearest]
    assert near.violates
    roi, margin = answer.reach
    assert (roi.kept_by, margin.kept_by) != (0, 0)
    assert roi.greatest is not None
    assert roi.greatest > 2
    # Apart each can be had, and the nearest stands between: neither end is nearer.
    ends = [min(answer.points, key=lambda p: known(p.figures.vendor_margin)).figures]
    ends.append(max(answer.points, key=lambda p: known(p.figures.vendor_margin)).figures)
    assert known(ends[0].vendor_margin) < known(near.figures.vendor_margin) < known(ends[1].vendor_margin)


def test_out_of_reach_altogether() -> None:
    deal = a_deal(
        decisions=[a_decision("platform", "amount_per_period", 100, 200, 50)],
        constraints=[{"figure": "vendor_margin", "at_least": 1e6}],
    )
    answer = optimized(deal)
    assert answer.is_exhaustive
    assert answer.nearest == 2
    assert answer.points[2].values == {"platform": {"amount_per_period": 200}}
    (reach,) = answer.reach
    assert (reach.kept_by, reach.greatest) == (0, known(answer.points[2].figures.vendor_margin))


def test_differences_are_surer_than_figures() -> None:
    """On common draws: the intervals of a dominated structure and of what dominates it overlap, and the one
    is dominated all the same."""
    answer = optimized({**DEAL_OPTIMIZATION_EXAMPLE, "draws": 512, "sampler": "random"})

    def overlap(one: Estimate, other: Estimate) -> bool:
        ends = (one.low, one.high, other.low, other.high)
        assert None not in ends
        return one.low <= other.high and other.low <= one.high  # type: ignore[operator]

    sure = [point for point in answer.points if point.is_surely_dominated]
    pairs = [(point.figures, answer.points[point.yields_to or 0].figures) for point in sure]
    assert any(
        overlap(worse.vendor_margin, better.vendor_margin)
        and overlap(worse.customer_p10_npv, better.customer_p10_npv)
        for worse, better in pairs
    )


def test_a_bound_inside_an_interval_is_unsure() -> None:
    figure = only(a_deal()).vendor_margin
    bound = (known(figure) + (figure.high or 0)) / 2
    (point,) = optimized(a_deal(constraints=[{"figure": "vendor_margin", "at_least": bound}])).points
    assert (point.standing, point.violates, point.unsure) == (
        "refused",
        ("vendor_margin",),
        ("vendor_margin",),
    )


def test_under_a_cap_that_no_draw_reaches_structures_are_equal() -> None:
    deal = a_deal(decisions=[a_decision("gain", "cap_per_period", 1e6, 3e6, 1e6)])
    standings = [point.standing for point in optimized(deal).points]
    assert standings == ["efficient", "equalled", "equalled"]
    assert [point.yields_to for point in optimized(deal).points] == [None, 0, 0]


def test_an_roi_without_costs_is_no_objective() -> None:
    free = {**SUBSCRIPTION, "amount_per_period": "0"}
    (point,) = optimized(a_deal(free)).points
    assert point.figures.customer_roi.value is None
    assert (point.standing, point.violates) == ("refused", ())


def test_draws_without_a_value_count_in_no_figure() -> None:
    """ln(x) for an x that is negative in some of the draws."""
    model = an_uncertain_model(formulas={"logarithm": "ln(x - 600)"})
    model["drivers"] = [a_driver("saving", "1000 + 0 * logarithm")]
    answer = optimized(a_deal(model=model))
    assert 20 < answer.non_finite_draws < 60
    assert [warning.pointer for warning in answer.warnings] == ["/model/formulas/logarithm"]
    certain = only(a_deal(model=an_uncertain_model(), inputs={"x": 1000}))
    (point,) = answer.points
    assert point.figures.vendor_revenue.value == pytest.approx(known(certain.vendor_revenue))
    assert point.figures.customer_p10_npv.value == pytest.approx(known(certain.customer_npv))


def test_a_certain_model_is_told_of() -> None:
    answer = optimized(a_deal(inputs={"x": 1000}))
    assert [warning.pointer for warning in answer.warnings] == ["/model/inputs"]


@pytest.mark.parametrize(
    ("most", "size"), [("numbers", 400 * 3), ("operations", 400 * 3), ("fees", 400 * (3 + 16) * 4)]
)
def test_too_much_work_for_a_request(most: str, size: int) -> None:
    deal = a_deal(decisions=[a_decision("gain", "share", 0, 1)], structures=4)
    assert optimized(deal, Bounds(**{most: size})).points
    with pytest.raises(TooLarge, match=most):
        optimized(deal, Bounds(**{most: size - 1}))


def test_what_is_wrong_is_told_before_how_large_it_is() -> None:
    with pytest.raises(UnknownName):
        optimized(a_deal(scenario="none"), EXAMINED)
    with pytest.raises(TooLarge):
        optimized(a_deal(), EXAMINED)


def test_a_cost_that_the_customer_bears_itself_counts() -> None:
    model = an_uncertain_model()
    model["costs"] = [a_cost("training", initial="100"), a_cost("licence", recurring="40")]
    both = only(a_deal(model=model))
    replaced = only(a_deal(model=model, customer={"replaced_costs": ["licence"]}))
    licence = 40 * (1 / 1.1 + 1 / 1.21 + 1 / 1.331)
    assert known(replaced.customer_npv) - known(both.customer_npv) == pytest.approx(licence)


def test_an_input_that_is_replaced_is_certain() -> None:
    model = an_uncertain_model()
    model["inputs"]["y"] = an_input(distribution={"kind": "uniform", "low": 0, "high": 2})
    model["drivers"] = [a_driver("saving", "x * y")]
    assert optimized(a_deal(model=model, inputs={"y": 1})).inputs == ("x",)
