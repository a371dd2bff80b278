"""The calendar of a plan: its working days are Monday to Friday but for its holidays.

A network's axis counts them: day 0 is the first working day on or after the plan's first day. Points lie
between days, so that work which starts at 0 and takes one day starts and finishes on day 0.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date

_WORKING = 5
_WEEK = 7
# A point that misses a whole day by less is that day: sums of fractional durations.
_SAME = 1e-9


class WorkingDays:
    """The working days of one plan, by number."""

    def __init__(self, first: date, holidays: Iterable[date] = ()) -> None:
        self._holidays = sorted({_weekdays_before(day) for day in holidays if day.weekday() < _WORKING})
        # Each holiday by the working days before it: there the numbering skips a weekday.
        self._skips = [weekday - number for number, weekday in enumerate(self._holidays)]
        self._origin = self._working_before(first)

    def day(self, number: int) -> date:
        """The working day of a number; numbers below 0 lie before the plan's first day.

        Raises:
            OverflowError: it lies outside the calendar.
        """
        working = self._origin + number
        return _weekday(working + bisect_right(self._skips, working))

    def start(self, point: float) -> date:
        """The day on which work that starts at a point starts."""
        return self.day(math.floor(point + _SAME))

    def finish(self, point: float) -> date:
        """The day on which work that finishes at a point finishes."""
        return self.day(math.ceil(point - _SAME) - 1)

    def start_point(self, day: date) -> int:
        """The point at which a day begins: on a day off, that of the next working day."""
        return self._working_before(day) - self._origin

    def finish_point(self, day: date) -> int:
        """The point at which a day ends: on a day off, that of the last working day before."""
        return self.start_point(date.fromordinal(day.toordinal() + 1))

    def _working_before(self, day: date) -> int:
        weekdays = _weekdays_before(day)
        return weekdays - bisect_left(self._holidays, weekdays)


def _weekdays_before(day: date) -> int:
    """How many Mondays to Fridays there were since 0001-01-01, which is a Monday."""
    weeks, weekday = divmod(day.toordinal() - 1, _WEEK)
    return weeks * _WORKING + min(weekday, _WORKING)


def _weekday(number: int) -> date:
    weeks, weekday = divmod(number, _WORKING)
    ordinal = weeks * _WEEK + weekday + 1
    if not 1 <= ordinal <= date.max.toordinal():
        raise OverflowError("the day lies outside the calendar")
    return date.fromordinal(ordinal)
