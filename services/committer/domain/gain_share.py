"""What a share of the gain costs: the fee of each period, its floor and cap, and what is held back of it."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from itertools import accumulate, pairwise

from services.committer.domain.rounding import EXACT, to_minor_units
from services.schemas.terms import GainShare

_ZERO = Decimal(0)


def fees(term: GainShare, gains: Sequence[Decimal], digits: int) -> list[Decimal]:
    """The fee of each period from the first on, for the gain of each, in a currency of so many decimals.

    A negative gain costs nothing, whatever the floor.
    """
    with localcontext(EXACT):
        bare = _ratcheted(term, gains, digits) if term.marginal_tiers else [_flat(term, g) for g in gains]
        return [
            to_minor_units(_ZERO if gain < 0 else _limited(term, fee, digits), digits, term.rounding)
            for gain, fee in zip(gains, bare, strict=True)
        ]


def held_back(term: GainShare, fee: Decimal, digits: int) -> Decimal:
    """The part of a rounded fee that is withheld, itself rounded."""
    with localcontext(EXACT):
        return to_minor_units(fee * (term.holdback or _ZERO), digits, term.rounding)


def is_earned_back(term: GainShare, gains: Sequence[Decimal]) -> bool:
    """Whether what was withheld is released, by the gains of all periods as last restated."""
    if term.earn_back is None:
        return True
    with localcontext(EXACT):
        return sum(gains, _ZERO) >= term.earn_back.committed_gain * term.earn_back.at_least


def _flat(term: GainShare, gain: Decimal) -> Decimal:
    return gain * (term.share if term.share is not None else _rate_reached(term, gain))


def _rate_reached(term: GainShare, gain: Decimal) -> Decimal:
    reached = [tier.rate for tier in term.whole_tiers if gain >= tier.from_gain]
    return reached[-1] if reached else _ZERO


def _ratcheted(term: GainShare, gains: Sequence[Decimal], digits: int) -> list[Decimal]:
    """Differences of the cumulative fee, rounded, at the highest cumulative gain so far."""
    highest = list(accumulate(accumulate(gains), max, initial=_ZERO))
    cumulative = [to_minor_units(_by_tiers(term, gain), digits, term.rounding) for gain in highest]
    return [after - before for before, after in pairwise(cumulative)]


def _by_tiers(term: GainShare, gain: Decimal) -> Decimal:
    fee = below = _ZERO
    for tier in term.marginal_tiers:
        top = gain if tier.up_to is None else min(gain, tier.up_to)
        fee += max(top - below, _ZERO) * tier.rate
        below = max(below, top)
    return fee


def _limited(term: GainShare, fee: Decimal, digits: int) -> Decimal:
    for step in term.order:
        if step == "round":
            fee = to_minor_units(fee, digits, term.rounding)
        elif step == "floor" and term.floor_per_period is not None:
            fee = max(fee, term.floor_per_period)
        elif step == "cap" and term.cap_per_period is not None:
            fee = min(fee, term.cap_per_period)
    return fee
