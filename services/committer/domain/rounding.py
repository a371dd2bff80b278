"""Exact arithmetic, and the places where a term says that it rounds."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

from services.schemas.terms import Rounding

# Wide enough for every product of an amount and a rate, summed over a contract: nothing rounds unasked.
EXACT = Context(prec=120)

_MODES = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP, "down": ROUND_DOWN}


def to_minor_units(amount: Decimal, digits: int, rounding: Rounding) -> Decimal:
    """The amount in whole units of `digits` decimals; `down` is towards zero."""
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=_MODES[rounding], context=EXACT)
