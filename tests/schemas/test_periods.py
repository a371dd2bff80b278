"""Periods follow each other without gap or overlap; what is spread over them adds up."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.schemas.periods import Period, local_day, months_after, periods, spread
from services.schemas.value_model import PeriodLength

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
lengths: st.SearchStrategy[PeriodLength] = st.sampled_from(["month", "quarter", "year"])


@given(days, lengths, st.integers(1, 40))
def test_each_begins_where_the_one_before_ends(start: date, length: PeriodLength, count: int) -> None:
    found = periods(start, length, count)
    assert (len(found), found[0].start) == (count, start)
    assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]
    assert len({each.key for each in found}) == count


def test_a_clamped_month_s_end_shifts_none_after_it() -> None:
    found = periods(date(2026, 1, 31), "month", 3)
    assert [each.start for each in found] == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]


@pytest.mark.parametrize(
    ("start", "length", "key"),
    [
        (date(2026, 1, 1), "year", "2026"),
        (date(2026, 4, 1), "quarter", "2026-Q2"),
        (date(2026, 3, 1), "month", "2026-03"),
        (date(2026, 2, 1), "quarter", "2026-02-01-quarter"),
    ],
)
def test_a_key_names_the_start(start: date, length: PeriodLength, key: str) -> None:
    assert periods(start, length, 1)[0].key == key


def test_bounds_are_local_midnights_also_where_clocks_change() -> None:
    march = Period(key="2026-03", start=date(2026, 3, 1), end=date(2026, 4, 1))
    begins, ends = march.bounds("Europe/Berlin")
    assert ends - begins == timedelta(days=31) - timedelta(hours=1)
    assert local_day(ends - timedelta(microseconds=1), "Europe/Berlin") == date(2026, 3, 31)
    assert begins == datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Berlin"))


@given(days, st.integers(0, 600))
def test_months_after_keeps_the_day_or_clamps_it(day: date, months: int) -> None:
    later = months_after(day, months)
    assert later.day <= day.day
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months


@given(
    st.integers(-(10**14), 10**14).map(lambda units: Decimal(units).scaleb(-2)),
    st.lists(st.integers(0, 1000).map(Decimal), min_size=1, max_size=40),
)
def test_what_is_spread_adds_up_to_the_cent(amount: Decimal, weights: list[Decimal]) -> None:
    parts = spread(amount, weights, 2)
    assert sum(parts) == amount
    total = sum(weights) or len(weights)
    for part, weight in zip(parts, weights if sum(weights) else [Decimal(1)] * len(weights), strict=True):
        assert abs(part - amount * weight / total) < Decimal("0.0101")


def test_the_amount_must_be_in_whole_units() -> None:
    with pytest.raises(ValueError, match="whole units"):
        spread(Decimal("0.001"), [Decimal(1)], 2)
