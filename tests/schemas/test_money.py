"""Money is rounded half-even to the minor units of its currency, and travels as text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.schemas.money import Money, minor_units, rounded


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (0.125, "EUR", "0.12"),
        (0.375, "EUR", "0.38"),
        (1.005, "USD", "1.00"),  # the shortest decimal, not the binary fraction below it
        (2.5, "JPY", "2"),
        (3.5, "JPY", "4"),
        (0.0005, "KWD", "0.000"),
        (-0.125, "EUR", "-0.12"),
        (1.7e308, "JPY", "17" + "0" * 307),
        (Decimal("1e20"), "EUR", "100000000000000000000.00"),
    ],
)
def test_rounding(amount: float | Decimal, currency: str, expected: str) -> None:
    assert rounded(amount, currency).model_dump(mode="json") == {"amount": expected, "currency": currency}


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15))
def test_rounding_twice_changes_nothing(amount: Decimal) -> None:
    once = rounded(amount, "EUR")
    assert rounded(once.amount, "EUR") == once
    assert abs(once.amount - amount) <= Decimal("0.005")


def test_money_comes_back_from_its_own_json() -> None:
    money = rounded(1234.5, "EUR")
    assert Money.model_validate_json(money.model_dump_json()) == money


def test_minor_units_of_an_ordinary_currency() -> None:
    assert minor_units("EUR") == 2
