"""Which month of a contract a measurement stands for.

A month is named by the calendar month in which it begins, as "2026-03". Those of a period are counted from
its first day, like the periods themselves: a quarter from February 15 has the months "2026-02", "2026-03" and
"2026-04", each from the 15th on. So every month belongs to one period, and every day to one month.
"""

from collections.abc import Sequence
from datetime import date

from services.schemas.periods import Period, months_after


def length_in_months(period: Period) -> int:
    """How many months a period has; 0 if it is shorter than one."""
    start, end = period.start, period.end
    return (end.year - start.year) * 12 + end.month - start.month


def months_of(period: Period) -> tuple[str, ...]:
    """The months of a period, in their order."""
    return tuple(_name(months_after(period.start, place)) for place in range(length_in_months(period)))


class Calendar:
    """The months of a contract's periods."""

    def __init__(self, periods: Sequence[Period]) -> None:
        self._periods = periods
        self._period_of = {month: period.key for period in periods for month in months_of(period)}

    def period_of(self, month: str) -> str | None:
        """The key of the period to which a month belongs; None outside the contract."""
        return self._period_of.get(month)

    def month_of(self, day: date) -> str | None:
        """The month to which a day belongs; None outside the contract."""
        period = next((each for each in self._periods if each.contains(day)), None)
        if period is None:
            return None
        starts = (months_after(period.start, place) for place in range(length_in_months(period)))
        return _name(max(start for start in starts if start <= day))


def _name(day: date) -> str:
    return f"{day:%Y-%m}"
