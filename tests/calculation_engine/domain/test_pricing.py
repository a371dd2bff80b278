"""Pricing terms in float64: the published cases, and laws of every term."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.calculation_engine.domain.discounting import discount_factors
from services.calculation_engine.domain.pricing import Charges, Table, gain_share, milestone, subscription
from services.schemas.cases import PRICING, PricingCase, SettledStep
from services.schemas.money import minor_units
from services.schemas.terms import GainShare, MilestonePayment, Subscription, Term
from tests.pricing_terms import gain_shares

Place = tuple[str, str, int]
PARTS = ("charge", "holdback", "release")


@pytest.mark.parametrize("case", PRICING, ids=[case.id for case in PRICING])
def test_every_line_is_the_hand_s(case: PricingCase) -> None:
    """A settlement's line is what is claimed now less what was claimed before: so is a true-up."""
    issued: defaultdict[Place, float] = defaultdict(float)
    for step in case.steps:
        claimed = dict(_claims(case, step))
        lines: dict[Place, float] = {
            (line.term, line.part, line.period): float(line.amount) for line in step.lines
        }
        for place, amount in claimed.items():
            assert amount - issued[place] == pytest.approx(lines.pop(place, 0.0), abs=1e-9)
        assert not lines
        issued.update(claimed)
    assert sum(issued.values()) == pytest.approx(float(case.total), abs=1e-9)


@pytest.mark.parametrize(
    ("share", "gain", "rounding", "fee"),
    [
        # 13.5, 25.5 and 29 minor units, which float64 makes 13.499…, 25.500…4 and 28.999…
        ("0.018", 7.50, "half_up", 0.14),
        ("0.018", 7.50, "half_even", 0.14),
        ("0.009", 15.00, "half_even", 0.14),
        ("0.034", 7.50, "half_even", 0.26),
        ("0.035", 1.00, "half_even", 0.04),
        ("0.28", 1.00, "down", 0.28),
        ("0.29", 1.00, "down", 0.29),
        ("0.57", 1.00, "down", 0.57),
        # 24.5: down to the even neighbour.
        ("0.035", 7.00, "half_even", 0.24),
        ("0.035", 7.00, "half_up", 0.25),
        # Near a half, and not on it.
        ("0.0001800001", 750.00, "half_up", 0.14),
        ("0.0001799999", 750.00, "half_up", 0.13),
    ],
)
def test_what_is_a_half_in_decimals_is_rounded_as_one(
    share: str, gain: float, rounding: str, fee: float
) -> None:
    term = GainShare.model_validate(
        {
            "kind": "gain_share",
            "key": "g",
            "label": "G",
            "commitments": ["saved"],
            "share": share,
            "rounding": rounding,
        }
    )
    assert gain_share(term, np.array([[gain]]), 2).due.tolist() == [[fee]]


def test_a_restatement_is_a_line_of_some_case() -> None:
    corrections = [line for case in PRICING for step in case.steps for line in step.lines]
    assert {line.part for line in corrections if line.is_correction} == {"charge", "holdback"}


def _claims(case: PricingCase, step: SettledStep) -> Iterator[tuple[Place, float]]:
    closed, digits = step.closing + 1, minor_units(case.currency)
    for term in case.terms:
        charges, known = _charges(case, step, term, digits)
        for part in PARTS:
            if part == "release" and closed < case.periods:
                continue
            for period, (amount,) in enumerate(getattr(charges, part)[:known].tolist()):
                yield (term.key, part, period), amount


def _charges(case: PricingCase, step: SettledStep, term: Term, digits: int) -> tuple[Charges, int]:
    """A term's charges by what is known, and how many periods that is."""
    closed = step.closing + 1
    match term:
        case Subscription():
            return subscription(term, case.periods, digits), closed + 1
        case MilestonePayment():
            return milestone(term, step.accepted.get(term.milestone), case.periods, digits), closed
        case GainShare():
            gains = np.array([[float(gain)] for gain in step.gains[term.key]]).reshape(-1, 1)
            return (gain_share(term, gains, digits) if closed else NOTHING), closed


NOTHING = Charges(np.zeros((0, 1)), np.zeros((0, 1)), np.zeros((0, 1)))

gains_of_draws = st.lists(
    st.lists(st.integers(-(10**8), 10**9).map(lambda cents: cents / 100), min_size=3, max_size=3),
    min_size=1,
    max_size=5,
)


def _table(draws: list[list[float]]) -> Table:
    return np.array(draws).T


@settings(max_examples=60)
@given(gain_shares(), gains_of_draws)
def test_a_draw_does_not_know_its_neighbours(term: GainShare, draws: list[list[float]]) -> None:
    together = gain_share(term, _table(draws), 2).due
    for column, alone in zip(together.T, draws, strict=True):
        assert column.tolist() == gain_share(term, _table([alone]), 2).due[:, 0].tolist()


@settings(max_examples=60)
@given(gain_shares(), gains_of_draws)
def test_a_fee_keeps_its_bounds(term: GainShare, draws: list[list[float]]) -> None:
    """Never below zero, nothing for a loss; what is held back is a part of the fee, and no more than that is
    released."""
    gains = _table(draws)
    found = gain_share(term, gains, 2)
    assert (found.charge >= 0).all()
    assert (found.charge[gains < 0] == 0).all()
    assert (found.charge + found.holdback >= 0).all()
    assert (found.holdback <= 0).all()
    assert (found.release.sum(axis=0) <= -found.holdback.sum(axis=0) + 1e-6).all()
    if term.cap_per_period is not None and term.order[-1] == "cap":
        assert (found.charge <= float(term.cap_per_period)).all()
    if term.floor_per_period is not None and term.order[-1] == "floor":
        assert (found.charge[gains >= 0] >= float(term.floor_per_period)).all()


@settings(max_examples=60)
@given(gain_shares(), gains_of_draws, st.integers(0, 10_000))
def test_a_higher_share_never_charges_less(term: GainShare, draws: list[list[float]], points: int) -> None:
    low, high = sorted((Decimal(points).scaleb(-4), term.share or Decimal("0.5")))
    plain = term.model_copy(update={"marginal_tiers": (), "whole_tiers": ()})
    less, more = (
        gain_share(plain.model_copy(update={"share": share}), _table(draws), 2) for share in (low, high)
    )
    assert (less.charge <= more.charge).all()
    assert (less.due.sum(axis=0) <= more.due.sum(axis=0) + 1e-6).all()


def test_what_is_paid_in_advance_is_discounted_by_a_period_less() -> None:
    fixed = Subscription(kind="subscription", key="s", label="S", amount_per_period=Decimal(110))
    factors = discount_factors(0.1, 12, 2)
    assert subscription(fixed, 2, 2).present_value(factors).tolist() == pytest.approx([110 + 100])
    once = MilestonePayment.model_validate(
        {
            "kind": "milestone",
            "key": "m",
            "label": "M",
            "milestone": "live",
            "amount": 121,
            "due": "2026-06-30",
        }
    )
    assert milestone(once, 1, 2, 2).present_value(factors).tolist() == pytest.approx([100])
    assert milestone(once, None, 2, 2).present_value(factors).tolist() == [0]
