"""Working days: by hand on one week, and the laws of the numbering."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.executor.domain.working_days import WorkingDays

# 2026-01-01 is a Thursday.
NEW_YEAR = date(2026, 1, 1)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
HOLIDAYS = st.lists(DAYS, max_size=30)


def test_a_week_by_hand() -> None:
    days = WorkingDays(NEW_YEAR, [NEW_YEAR])
    assert [days.day(number) for number in range(3)] == [date(2026, 1, 2), date(2026, 1, 5), date(2026, 1, 6)]
    assert days.day(-1) == date(2025, 12, 31)


def test_work_of_one_day_starts_and_finishes_on_it() -> None:
    days = WorkingDays(date(2026, 1, 5))
    assert (days.start(0), days.finish(1)) == (date(2026, 1, 5), date(2026, 1, 5))
    assert (days.start(4), days.finish(6)) == (date(2026, 1, 9), date(2026, 1, 12))


def test_half_a_day_lies_on_a_whole_one() -> None:
    days = WorkingDays(date(2026, 1, 5))
    assert (days.start(1.5), days.finish(1.5)) == (date(2026, 1, 6), date(2026, 1, 6))
    assert days.start(0.1 + 0.2 + 0.7) == days.start(1.0)
    assert days.finish(sum([0.1] * 10)) == days.finish(1.0)


def test_a_weekend_and_a_holiday_count_for_nothing() -> None:
    days = WorkingDays(date(2026, 1, 5), [date(2026, 1, 6), date(2026, 1, 10), date(2026, 1, 6)])
    assert days.start_point(date(2026, 1, 10)) == days.start_point(date(2026, 1, 12)) == 4
    assert days.finish_point(date(2026, 1, 11)) == days.finish_point(date(2026, 1, 9)) == 4


@given(DAYS, HOLIDAYS, st.integers(-500, 500))
def test_a_day_s_number_is_its_point(first: date, holidays: list[date], number: int) -> None:
    days = WorkingDays(first, holidays)
    day = days.day(number)
    assert day.weekday() < 5
    assert day not in holidays
    assert (days.start_point(day), days.finish_point(day)) == (number, number + 1)
    assert (day >= first) == (number >= 0)


@given(DAYS, HOLIDAYS, DAYS)
def test_points_count_working_days_one_by_one(first: date, holidays: list[date], day: date) -> None:
    days = WorkingDays(first, holidays)
    works = day.weekday() < 5 and day not in holidays
    assert days.start_point(day + timedelta(days=1)) - days.start_point(day) == int(works)
