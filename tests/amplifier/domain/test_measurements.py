"""What counts of readings: the last recorded, gaps as gaps, and the three ways to aggregate."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.amplifier.domain.measurements import Reading, aggregate, latest
from services.schemas.value_model import Aggregation

MONTHS = ("2026-01", "2026-02", "2026-03")

values = st.decimals(-1000, 1000, places=4)
readings = st.builds(
    Reading,
    metric=st.sampled_from(["hours", "share"]),
    month=st.sampled_from(MONTHS),
    value=values,
    recorded_on=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)


@pytest.mark.parametrize(
    ("how", "expected"), [("sum", "26"), ("mean", "13"), ("last", "12")], ids=["sum", "mean", "last"]
)
def test_a_gap_is_neither_counted_nor_filled(how: Aggregation, expected: str) -> None:
    known = {("hours", "2026-01"): Decimal(14), ("hours", "2026-03"): Decimal(12)}
    found = aggregate(how, "hours", MONTHS, known)
    assert (found.measured, found.gaps) == (Decimal(expected), ("2026-02",))


def test_where_nothing_was_measured_there_is_nothing() -> None:
    found = aggregate("sum", "hours", MONTHS, {("share", "2026-01"): Decimal(1)})
    assert (found.measured, found.gaps) == (None, MONTHS)


def test_a_mean_has_the_digits_of_the_engine_s_numbers() -> None:
    known = {("hours", month): Decimal(value) for month, value in zip(MONTHS, (1, 1, 2), strict=True)}
    assert aggregate("mean", "hours", MONTHS, known).measured == Decimal("1.33333333333333")


@given(st.lists(readings, unique_by=lambda reading: reading.place))
def test_what_was_recorded_last_counts_in_whichever_order_it_came(found: list[Reading]) -> None:
    known = latest(found)
    assert known == latest(reversed(found))
    for (metric, month), value in known.items():
        same = [each for each in found if (each.metric, each.month) == (metric, month)]
        assert value == max(same, key=lambda each: each.recorded_on).value


@given(st.lists(readings, unique_by=lambda reading: reading.place), values)
def test_a_later_record_replaces_and_an_earlier_one_does_not(found: list[Reading], value: Decimal) -> None:
    first = Reading("hours", "2026-01", value, date(2025, 12, 31))
    last = Reading("hours", "2026-01", value, date(2027, 1, 1))
    assert latest([*found, last])["hours", "2026-01"] == value
    assert {**latest([first]), **latest(found)} == latest([*found, first])


@given(st.lists(values, min_size=1, max_size=3))
def test_aggregates_stay_within_what_was_measured(found: list[Decimal]) -> None:
    known = {("hours", month): value for month, value in zip(MONTHS, found, strict=False)}
    mean = aggregate("mean", "hours", MONTHS, known).measured
    total = aggregate("sum", "hours", MONTHS, known).measured
    assert mean is not None
    assert total == sum(found)
    assert min(found) - Decimal("1e-9") <= mean <= max(found) + Decimal("1e-9")
    assert aggregate("last", "hours", MONTHS, known).measured == found[-1]


@given(st.integers(0, 400))
def test_a_correction_touches_its_own_month_alone(days: int) -> None:
    before = [Reading("hours", month, Decimal(1), date(2026, 4, 1)) for month in MONTHS]
    late = Reading("hours", "2026-02", Decimal(9), date(2026, 4, 2) + timedelta(days=days))
    assert latest([*before, late]) == {**latest(before), ("hours", "2026-02"): Decimal(9)}
