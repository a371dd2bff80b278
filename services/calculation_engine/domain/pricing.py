"""Pricing terms over many draws: what a contract charges, in float64, where the committer's settlement counts
in decimals. Both pass one table of cases, `schemas.cases.PRICING`.

Tables have a row a period of the contract and a column a draw; amounts are in the contract's currency, and
positive ones are the customer's to pay. What is claimed here is what a contract is worth by all that is known
in the end. Issued lines are the settlement's own: a true-up is the difference of two such claims, before and
after a restatement, and the draws restate nothing.

Inside, amounts are whole minor units, which float64 holds exactly up to 2^53: only the product with a rate is
inexact, by a few units in its last place. So a fee that is within 2^-48 of its size of a half counts as on
it, and then the term's rounding decides, as it does for the decimals: half_even to the even neighbour,
half_up away from zero; likewise `down` takes a fee so little below a whole unit for that unit. Decimals may
differ where a fee is that near a half and not on it, and beyond 2^46 minor units.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.discounting import Flow
from services.schemas.terms import GainShare, MilestonePayment, Rounding, Subscription

Table = NDArray[np.float64]
Draws = NDArray[np.float64]

_NEAR = 2.0**-48


@dataclass(frozen=True)
class Charges:
    """What one term charges, withholds (below zero) and releases in each period.

    One that does not depend on the gain has a single column. `in_advance` are amounts that fall at the
    beginning of their period; the others fall at its end.
    """

    charge: Table
    holdback: Table
    release: Table
    in_advance: bool = False

    @property
    def due(self) -> Table:
        """What the customer pays in each period."""
        return self.charge + self.holdback + self.release

    def present_value(self, factors: Flow) -> Draws:
        """By the discount factors of the start and of the end of each period: one more than there are
        periods. The sum runs in the order of the periods."""
        total = np.zeros(self.charge.shape[1])
        for amounts, factor in zip(self.due, factors[:-1] if self.in_advance else factors[1:], strict=True):
            total += factor * amounts
        return total


def subscription(term: Subscription, periods: int, digits: int) -> Charges:
    """The same amount for each period, in advance, in a currency of so many decimals."""
    amount = _minor(term.amount_per_period, digits, round)
    return _certain(np.full((periods, 1), amount), digits, in_advance=True)


def milestone(term: MilestonePayment, place: int | None, periods: int, digits: int) -> Charges:
    """The amount in the period (from 0) in which the customer accepts the milestone; None is never."""
    charge = np.zeros((periods, 1))
    if place is not None:
        charge[place] = _minor(term.amount, digits, round)
    return _certain(charge, digits)


def gain_share(term: GainShare, gains: Table, digits: int) -> Charges:
    """The fee for the gain of each period, what is held back of it, and what of that is released.

    A gain counts in whole minor units, rounded half-even, as it does when a period is closed.
    """
    scale = 10.0**digits
    whole = np.rint(gains * scale)
    fees = _fees(term, whole, digits)
    held, released = np.zeros_like(fees), np.zeros_like(fees)
    if term.holdback:
        held = _rounded(fees * float(term.holdback), term.rounding)
        released[-1] = np.where(_is_earned_back(term, whole, digits), held.sum(axis=0), 0.0)
    return Charges(fees / scale, -held / scale, released / scale)


def _certain(charge: Table, digits: int, *, in_advance: bool = False) -> Charges:
    nothing = np.zeros_like(charge)
    return Charges(charge / 10.0**digits, nothing, nothing, in_advance)


def _minor(amount: Decimal, digits: int, whole: Callable[[Decimal], Decimal | int] = Decimal) -> float:
    """A decimal amount in minor units; `round` makes them whole, half-even."""
    return float(whole(amount.scaleb(digits)))


def _fees(term: GainShare, gains: Table, digits: int) -> Table:
    fees = _ratcheted(term, gains, digits) if term.marginal_tiers else _flat(term, gains, digits)
    for step in term.order:
        if step == "round":
            fees = _rounded(fees, term.rounding)
        elif step == "floor" and term.floor_per_period is not None:
            fees = np.maximum(fees, _minor(term.floor_per_period, digits))
        elif step == "cap" and term.cap_per_period is not None:
            fees = np.minimum(fees, _minor(term.cap_per_period, digits))
    # Limits in whole minor units leave a rounded fee whole.
    if any(limit % 1 for limit in _limits(term, digits)):
        fees = _rounded(fees, term.rounding)
    return np.where(gains < 0, 0.0, fees)


def _limits(term: GainShare, digits: int) -> list[float]:
    limits = (term.floor_per_period, term.cap_per_period)
    return [_minor(limit, digits) for limit in limits if limit is not None]


def _flat(term: GainShare, gains: Table, digits: int) -> Table:
    paid_for = np.maximum(gains, 0.0)
    if term.share is not None:
        return paid_for * float(term.share)
    rates = np.zeros_like(gains)
    for tier in term.whole_tiers:
        rates[gains >= _minor(tier.from_gain, digits)] = float(tier.rate)
    return paid_for * rates


def _ratcheted(term: GainShare, gains: Table, digits: int) -> Table:
    """Differences of the cumulative fee, rounded, at the highest cumulative gain so far."""
    highest = np.maximum(np.maximum.accumulate(np.cumsum(gains, axis=0), axis=0), 0.0)
    cumulative = np.zeros_like(gains)
    below = 0.0
    for tier in term.marginal_tiers:
        top = np.inf if tier.up_to is None else _minor(tier.up_to, digits)
        cumulative += np.maximum(np.minimum(highest, top) - below, 0.0) * float(tier.rate)
        below = max(below, top)
    return np.diff(_rounded(cumulative, term.rounding), axis=0, prepend=0.0)


def _is_earned_back(term: GainShare, gains: Table, digits: int) -> NDArray[np.bool_]:
    if term.earn_back is None:
        return np.ones(gains.shape[1], dtype=np.bool_)
    needed = _minor(term.earn_back.committed_gain * term.earn_back.at_least, digits)
    reached: NDArray[np.bool_] = gains.sum(axis=0) >= needed
    return reached


def _rounded(amounts: Table, rounding: Rounding) -> Table:
    """Minor units, not negative, made whole."""
    near = amounts * _NEAR
    if rounding == "down":
        return np.floor(amounts + near)
    if rounding == "half_up":
        return np.floor(amounts + (near + 0.5))
    nearest = np.rint(amounts)
    tied = np.abs(amounts - nearest) >= 0.5 - near
    below = np.floor(amounts[tied])
    nearest[tied] = below + below % 2
    return nearest
