"""Hypotheses fit the account, are ordered by a score that adds up, and say why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.architect.domain.accounts import AccountFacts
from services.architect.domain.ranking import WEIGHTS, Hypothesis, rank
from tests.architect.domain.drivers import LIBRARY, driver

MACHINES = AccountFacts(
    "manufacturing",
    frozenset({"downtime", "energy_cost"}),
    frozenset({"plant_manager"}),
    employees=1200,
    annual_revenue=300_000_000.0,
)
BANK = AccountFacts(
    "financial_services",
    frozenset({"slow_onboarding", "false_alarms"}),
    frozenset({"head_of_compliance"}),
    employees=4000,
    annual_revenue=900_000_000.0,
)


def _rank(facts: AccountFacts, values: dict[str, float] | None = None, limit: int = 8) -> list[Hypothesis]:
    return rank(LIBRARY, facts, values or {}, currency="EUR", limit=limit)


def _keys(hypotheses: list[Hypothesis]) -> list[str]:
    return [each.driver.key for each in hypotheses]


def test_two_different_accounts_get_different_hypotheses() -> None:
    machines, bank = _rank(MACHINES), _rank(BANK)
    assert _keys(machines)[:2] == ["energy_use", "unplanned_downtime"]
    assert set(_keys(bank)[:2]) == {"customer_onboarding", "false_alarms"}
    assert set(_keys(machines)) != set(_keys(bank))


def test_no_driver_of_another_industry_is_proposed() -> None:
    assert all(each.driver.serves("manufacturing") for each in _rank(MACHINES, limit=50))


def test_the_order_is_the_scores_and_ranks_count_from_one() -> None:
    ranked = _rank(MACHINES, limit=50)
    assert [each.rank for each in ranked] == list(range(1, len(ranked) + 1))
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)


def test_the_weights_add_up_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_the_reason_names_what_was_stated_and_what_it_is_worth() -> None:
    [best] = [
        each
        for each in _rank(MACHINES, {"unplanned_downtime": 574_000.4})
        if each.driver.key == "unplanned_downtime"
    ]
    assert best.reason == (
        "Made for manufacturing. Answers what was stated: downtime (1 of the 2 pains it is for). Concerns a "
        "stakeholder: plant manager. At full effect about EUR 574,000 a year, the most of all."
    )
    assert best.annual_value == 574_000.4


@pytest.mark.parametrize(
    ("pains", "stated", "told"),
    [
        (["x"], {"x", "z"}, "x."),
        (["x", "y", "w"], {"x", "y"}, "x, y."),
        (["x", "y"], {"x", "z", "w"}, "x (1 of the 2 pains it is for)."),
        (["x", "y", "w"], {"x", "z"}, "x (1 of the 2 pains stated)."),
    ],
)
def test_a_reason_says_how_far_the_pains_are_the_same(pains: list[str], stated: set[str], told: str) -> None:
    facts = AccountFacts("retail", frozenset(stated))
    [only] = rank([driver("d", pains=pains)], facts, {}, currency="EUR", limit=1)
    assert f"Answers what was stated: {told} " in only.reason


def test_a_reason_says_what_is_not_known() -> None:
    [only] = rank([driver("d", suits={"employees": 10})], AccountFacts("retail"), {}, currency="EUR", limit=1)
    assert only.reason == (
        "Suits any industry. No pains were stated. The company's size is not known; a typical one was "
        "assumed. Its value was not computed, as the calculation engine was away."
    )
    assert only.parts.size == 0.5


def test_what_brings_nothing_is_left_out() -> None:
    both = [driver("a"), driver("b")]
    assert _keys(rank(both, BANK, {"a": 0.0, "b": 1.0}, currency="EUR", limit=5)) == ["b"]


def test_more_value_and_more_pains_in_common_never_rank_lower() -> None:
    both = [driver("a", pains=["x"]), driver("b", pains=["y"])]
    neither = AccountFacts("retail", frozenset({"z"}))
    assert _keys(rank(both, neither, {"a": 1.0, "b": 2.0}, currency="EUR", limit=5)) == ["b", "a"]
    pained = replace(neither, pains=frozenset({"x"}))
    assert _keys(rank(both, pained, {"a": 1.0, "b": 2.0}, currency="EUR", limit=5)) == ["a", "b"]


@given(
    st.randoms(use_true_random=False),
    st.dictionaries(st.sampled_from([d.key for d in LIBRARY]), st.floats(1, 1e9)),
)
def test_the_order_of_the_library_does_not_matter(random: object, values: dict[str, float]) -> None:
    shuffled = list(LIBRARY)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis types its random as an object
    assert rank(shuffled, MACHINES, values, currency="EUR", limit=50) == _rank(MACHINES, values, limit=50)


@given(st.dictionaries(st.sampled_from([d.key for d in LIBRARY]), st.floats(0, 1e12)))
def test_every_part_and_score_stays_between_zero_and_one(values: dict[str, float]) -> None:
    for each in _rank(MACHINES, values, limit=50):
        assert 0 <= each.score <= 1
        assert all(0 <= getattr(each.parts, name) <= 1 for name in WEIGHTS)
