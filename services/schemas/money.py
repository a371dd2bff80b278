"""Money as services speak it: an exact amount in one currency, rounded half-even to its minor units."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

from pydantic import ConfigDict

from services.schemas.base import Currency, DecimalText, Document

# ISO 4217: the currencies whose minor unit is not a hundredth.
_MINOR_UNITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
# Wide enough for the largest float: an amount is never refused for its size.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_EVEN)


class Money(Document):
    """An amount, as text so that no digit is lost, and its currency. Nothing converts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "1234.50", "currency": "EUR"}]})

    amount: DecimalText
    currency: Currency


def minor_units(currency: str) -> int:
    """How many decimals an amount of this currency has (ISO 4217)."""
    return _MINOR_UNITS.get(currency, 2)


def rounded(amount: Decimal | float, currency: str) -> Money:
    """The amount in whole minor units, half-even; a float counts as the shortest decimal that gives it."""
    exact = amount if isinstance(amount, Decimal) else Decimal(repr(amount))
    unit = Decimal(1).scaleb(-minor_units(currency))
    return Money(amount=exact.quantize(unit, context=_CONTEXT), currency=currency)
