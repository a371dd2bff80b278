"""Every day of a contract belongs to one month, every month to one period."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.amplifier.domain.calendar import Calendar, length_in_months, months_of
from services.schemas.periods import Period, months_after, periods
from services.schemas.value_model import PeriodLength

starts = st.dates(date(2000, 1, 1), date(2099, 12, 31))
lengths: st.SearchStrategy[PeriodLength] = st.sampled_from(["month", "quarter", "year"])


def test_the_months_of_a_calendar_quarter() -> None:
    quarter = Period(key="2026-Q1", start=date(2026, 1, 1), end=date(2026, 4, 1))
    assert months_of(quarter) == ("2026-01", "2026-02", "2026-03")
    assert Calendar([quarter]).month_of(date(2026, 2, 28)) == "2026-02"
    assert Calendar([quarter]).month_of(date(2026, 4, 1)) is None
    assert Calendar([quarter]).period_of("2026-04") is None


def test_a_month_is_named_by_the_month_in_which_it_begins() -> None:
    quarter = Period(key="2026-02-15-quarter", start=date(2026, 2, 15), end=date(2026, 5, 15))
    calendar = Calendar([quarter])
    assert months_of(quarter) == ("2026-02", "2026-03", "2026-04")
    assert calendar.month_of(date(2026, 3, 14)) == "2026-02"
    assert calendar.month_of(date(2026, 3, 15)) == "2026-03"


@given(starts, lengths, st.integers(1, 30))
def test_months_follow_each_other_over_all_periods(start: date, length: PeriodLength, count: int) -> None:
    found = periods(start, length, count)
    months = [month for period in found for month in months_of(period)]
    assert months == [f"{months_after(start.replace(day=1), place):%Y-%m}" for place in range(len(months))]
    assert len({length_in_months(period) for period in found}) == 1


@given(starts, lengths, st.integers(1, 8), st.data())
def test_every_day_has_a_month_of_its_own_period(
    start: date, length: PeriodLength, count: int, data: st.DataObject
) -> None:
    found = periods(start, length, count)
    span = (found[-1].end - found[0].start).days
    day = found[0].start + timedelta(days=data.draw(st.integers(0, span - 1)))
    calendar = Calendar(found)
    month = calendar.month_of(day)
    assert month is not None
    assert calendar.period_of(month) == next(period.key for period in found if period.contains(day))
