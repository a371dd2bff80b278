"""Promised values: from the model's periods to the contract's, with exact sums."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.committer.domain.promises import CannotPromise, by_contract, due_index, require_progress
from services.schemas.value_model import MONTHS, PeriodLength

lengths = st.sampled_from(sorted(MONTHS))
cents = st.integers(-(10**12), 10**12).map(lambda units: Decimal(units).scaleb(-2))


@given(st.lists(cents, min_size=12, max_size=12), lengths, lengths)
def test_the_parts_of_a_year_add_up_to_it(
    values: list[Decimal], modelled: PeriodLength, wanted: PeriodLength
) -> None:
    count = 12 * MONTHS[modelled] // MONTHS[wanted]
    parts = by_contract(values, modelled, wanted, count, 2)
    assert len(parts) == count
    assert sum(parts) == sum(values)
    assert all(part == part.quantize(Decimal("0.01")) for part in parts)


def test_a_year_is_four_quarters_and_the_largest_remainders_get_the_cents() -> None:
    assert by_contract([Decimal("100.02")], "year", "quarter", 4, 2) == tuple(
        map(Decimal, ("25.01", "25.01", "25.00", "25.00"))
    )


def test_quarters_make_years() -> None:
    quarters = [Decimal(n) for n in range(1, 9)]
    assert by_contract(quarters, "quarter", "year", 2, 2) == (Decimal(10), Decimal(26))


def test_a_contract_may_be_shorter_than_the_model_but_not_longer() -> None:
    assert by_contract([Decimal(3)] * 12, "quarter", "quarter", 4, 2) == (Decimal(3),) * 4
    with pytest.raises(CannotPromise):
        by_contract([Decimal(3)] * 12, "quarter", "year", 4, 2)


@pytest.mark.parametrize(
    ("months", "length", "place"), [(1, "month", 0), (12, "quarter", 3), (10, "quarter", 3), (13, "year", 1)]
)
def test_a_target_is_due_at_the_end_of_its_period(months: int, length: PeriodLength, place: int) -> None:
    assert due_index(months, length) == place


def test_progress_is_in_the_kpi_s_direction() -> None:
    require_progress("decrease", baseline=Decimal(10), target=Decimal(8))
    for target in (Decimal(10), Decimal(12)):
        with pytest.raises(CannotPromise):
            require_progress("decrease", baseline=Decimal(10), target=target)
