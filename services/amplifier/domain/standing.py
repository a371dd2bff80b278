"""How a commitment stands in a period, and the difference between promised and realised in words."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from services.schemas.commitments import Commitment
from services.schemas.money import Money

Standing = Literal["on_track", "at_risk", "met", "missed"]


def threshold(commitment: Commitment) -> Decimal:
    """The KPI from which on the commitment is met: the target, less the tolerated share of the way to it."""
    way = commitment.target - commitment.baseline
    return commitment.target - commitment.tolerance * way


def is_reached(commitment: Commitment, measured: Decimal | None) -> bool:
    """Whether the KPI is where it was promised to be, within the tolerance."""
    if measured is None:
        return False
    if commitment.direction == "increase":
        return measured >= threshold(commitment)
    return measured <= threshold(commitment)


def standing(
    commitment: Commitment,
    *,
    place: int,
    due: int,
    measured: Decimal | None,
    committed: Decimal,
    realised: Decimal,
) -> Standing | None:
    """How it stands in the period `place` when it is due in the period `due`, both from 0; None after that.

    Before, it is the value that counts; when it is due, the KPI.
    """
    if place > due:
        return None
    if place == due:
        return "met" if is_reached(commitment, measured) else "missed"
    return "at_risk" if realised < committed else "on_track"


def variance_in_words(committed: Money, realised: Money, gaps: Sequence[str]) -> str:
    """What the difference is, by how much, and what it rests on."""
    difference = realised.amount - committed.amount
    both = f"Realised {_said(realised)} against {_said(committed)} committed"
    told = f"{both}: {_compared(difference, committed)}."
    if gaps:
        told += f" Nothing was measured in {', '.join(gaps)}."
    return told


def _compared(difference: Decimal, committed: Money) -> str:
    if difference == 0:
        return "as committed"
    amount = Money(amount=abs(difference), currency=committed.currency)
    part = f" ({abs(difference) / committed.amount:.1%})" if committed.amount > 0 else ""
    return f"{_said(amount)}{part} {'more' if difference > 0 else 'less'}"


def _said(money: Money) -> str:
    return f"{money.currency} {money.amount:,}"
