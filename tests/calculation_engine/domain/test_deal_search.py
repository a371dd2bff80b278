"""The search for efficient structures, on figures that are known for every structure."""

from collections.abc import Callable

import numpy as np
import pytest

from services.calculation_engine.domain.deal_figures import Measured, surely_better
from services.calculation_engine.domain.deal_search import Search, Trial, efficient
from services.calculation_engine.domain.decision_space import DecisionSpace, Levels
from services.schemas.deal_optimization import DealConstraint, DealFigures, Decision, Figure, PricingStructure
from services.schemas.simulation import Estimate
from tests.calculation_engine.deals import SHARE, SUBSCRIPTION, a_decision

OBJECTIVES: tuple[Figure, Figure] = ("vendor_margin", "customer_npv")
NOTHING = Estimate(value=None, low=None, high=None)
FIGURES = DealFigures(**dict.fromkeys(DealFigures.model_fields, NOTHING))


def a_space(*counts: int) -> DecisionSpace:
    fields = (("platform", "amount_per_period"), ("gain", "share"), ("gain", "holdback"))
    steps = (1.0, 0.0001, 0.0001)
    decisions = [
        Decision.model_validate(a_decision(term, field, 0, (count - 1) * step, step))
        for (term, field), count, step in zip(fields, counts, steps, strict=False)
    ]
    pricing = PricingStructure.model_validate(
        {"terms": [SUBSCRIPTION, SHARE], "commitments": [{"key": "saved", "driver_key": "saving"}]}
    )
    return DecisionSpace(pricing, decisions, 2)


def searched(
    space: DecisionSpace,
    vendor: Callable[[Levels], float],
    customer: Callable[[Levels], float],
    budget: int,
    *constraints: DealConstraint,
) -> Search:
    def measure(levels: Levels) -> Measured:
        values = zip(OBJECTIVES, (vendor(levels), customer(levels)), strict=True)
        known = {str(name): Estimate(value=value, low=value, high=value) for name, value in values}
        return Measured(FIGURES.model_copy(update=known), (np.zeros(8), np.zeros(8)))

    search = Search(space, measure, OBJECTIVES, constraints)
    search.run(budget)
    return search


def test_no_more_structures_than_trials_are_all_tried() -> None:
    search = searched(a_space(5, 7), lambda at: at[0], lambda at: at[1], 35)
    assert len({trial.levels for trial in search.trials}) == 35
    assert [trial.levels for trial in efficient(search.trials)] == [(4, 6)]


@pytest.mark.parametrize("budget", [1, 3, 40, 200])
def test_the_budget_is_kept(budget: int) -> None:
    search = searched(a_space(1001, 1001, 1001), lambda at: at[0], lambda at: -at[0] - at[1], budget)
    assert len(search.trials) == budget
    assert len({trial.levels for trial in search.trials}) == budget


def test_the_search_comes_to_a_frontier_that_is_a_line() -> None:
    """Efficient are the structures whose second and third values are 300 and 700, of a thousand million."""

    def off(at: Levels) -> float:
        return ((at[1] - 300) ** 2 + (at[2] - 700) ** 2) / 1000

    search = searched(a_space(1001, 1001, 1001), lambda at: at[0] - off(at), lambda at: -at[0] - off(at), 800)
    front = efficient(search.trials)
    near = [trial for trial in front if off(trial.levels) < 1]
    assert len(near) > 15
    assert min(trial.vendor for trial in near) < 100
    assert max(trial.vendor for trial in near) > 900


def test_the_search_follows_a_constraint_to_its_corner() -> None:
    """The vendor gets the sum of both values; the customer asks for at least 0, which is on a slope."""
    bound = DealConstraint(figure="customer_npv", at_least=0)
    search = searched(
        a_space(4001, 4001), lambda at: at[0] + at[1], lambda at: 3000 - at[0] - 2 * at[1], 400, bound
    )
    best = efficient(search.trials)[-1]
    assert best.levels[0] > 2900
    assert best.customer >= 0
    assert best.vendor == pytest.approx(3000, rel=0.01)


def test_where_nothing_keeps_the_constraints_the_search_goes_to_the_nearest() -> None:
    bound = DealConstraint(figure="customer_npv", at_least=10)

    def customer(at: Levels) -> float:
        return -((at[0] - 1234) ** 2) - (at[1] - 777) ** 2

    search = searched(a_space(4001, 4001), lambda at: at[0], customer, 300, bound)
    assert efficient(search.trials) == []
    nearest = search.nearest()
    assert nearest is not None
    assert nearest.levels == pytest.approx((1234, 777), abs=3)


def test_a_structure_without_a_figure_is_not_efficient() -> None:
    lost = Trial((0,), Measured(FIGURES, ()), None, ())
    assert efficient([lost]) == []
    assert efficient([lost, Trial((1,), Measured(FIGURES, ()), (1.0, 2.0), ())])[0].levels == (1,)


def test_a_floor_never_lies_above_its_cap() -> None:
    decisions = [
        Decision.model_validate(a_decision("gain", field, 0, 10, 1))
        for field in ("floor_per_period", "cap_per_period")
    ]
    pricing = PricingStructure.model_validate({"terms": [SHARE]})
    space = DecisionSpace(pricing, decisions, 0)
    assert sum(space.is_possible(levels) for levels in space.everything()) == 11 * 12 / 2
    assert space.values((2, 7)) == {"gain": {"floor_per_period": 2.0, "cap_per_period": 7.0}}


def test_spread_structures_reach_everywhere() -> None:
    """Of 64 points, 8 fall in each eighth of each decision, and as many in each pair of halves."""
    found = np.array(list(a_space(800, 800, 800).spread(64)))
    for column in found.T:
        assert np.bincount(column // 100).tolist() == [8] * 8
    assert np.bincount(found[:, 0] // 400 * 2 + found[:, 1] // 400).tolist() == [16] * 4


def test_values_are_exact() -> None:
    """A tenth, thrice, is 0.3, so that a contract can state it."""
    decision = Decision.model_validate(a_decision("gain", "share", 0, 1, 0.1))
    space = DecisionSpace(PricingStructure.model_validate({"terms": [SHARE]}), [decision], 2)
    assert space.size == 11
    assert space.values((3,)) == {"gain": {"share": 0.3}}


def compared(*replicates: tuple[list[float], list[float]]) -> list[Measured]:
    """Structures with these figures of two objectives in each of eight replicates."""
    return [Measured(FIGURES, tuple(np.array(each) for each in both)) for both in replicates]


def test_a_difference_within_the_noise_is_not_sure() -> None:
    """Between structures of the same noise it is; where the noise is each one's own, it is not."""
    rough = [5.0, 9.0, 1.0, 7.0, 3.0, 8.0, 2.0, 6.0]
    flat = [0.0] * 8
    ahead, other_noise = [each + 0.1 for each in rough], [each + 0.1 for each in reversed(rough)]
    (one,) = compared((rough, flat))
    better = compared((ahead, flat), (other_noise, flat), (ahead, [-0.1] * 8), (rough, flat))
    assert surely_better(better, one) == [True, False, False, False]
    assert surely_better([], one) == []
