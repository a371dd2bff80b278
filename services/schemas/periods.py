"""Periods of a contract: half-open stretches of local days, counted from the day on which it takes effect."""

import calendar
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import Document
from services.schemas.time_zone import zone
from services.schemas.value_model import MONTHS, PeriodLength


class Period(Document):
    """The period from local midnight of `start` up to, not including, local midnight of `end`.

    `key` names it by its start: "2026-Q1", "2026-03" or "2026" where it begins with a calendar quarter, month
    or year, else by its first day with its length, as "2026-02-15-quarter".
    """

    key: str = Field(min_length=4, max_length=20)
    start: date = Field(strict=False)
    end: date = Field(strict=False)

    @model_validator(mode="after")
    def _forward(self) -> "Period":
        if self.end <= self.start:
            raise PydanticCustomError("period", "a period ends after it starts")
        return self

    def contains(self, day: date) -> bool:
        """Whether a local day lies in the period."""
        return self.start <= day < self.end

    def bounds(self, time_zone: str) -> tuple[datetime, datetime]:
        """Its first instant and the one after its last, in UTC."""
        return midnight(self.start, time_zone), midnight(self.end, time_zone)


def midnight(day: date, time_zone: str) -> datetime:
    """The first instant of a local day, in UTC."""
    return datetime.combine(day, time.min, zone(time_zone)).astimezone(UTC)


def local_day(instant: datetime, time_zone: str) -> date:
    """The local day of an instant."""
    return instant.astimezone(zone(time_zone)).date()


def months_after(day: date, months: int) -> date:
    """The same day so many months later, clamped to the month's end: January 31 plus one is February 28."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def periods(effective_on: date, length: PeriodLength, count: int) -> list[Period]:
    """The first `count` periods of one length. Each is counted from `effective_on` itself, so that a clamped
    month's end does not shift those after it."""
    step = MONTHS[length]
    starts = [months_after(effective_on, step * number) for number in range(count + 1)]
    return [Period(key=_key(start, length), start=start, end=end) for start, end in pairwise(starts)]


def _key(start: date, length: PeriodLength) -> str:
    if start.day == 1:
        if length == "month":
            return f"{start:%Y-%m}"
        if length == "quarter" and start.month % 3 == 1:
            return f"{start.year}-Q{(start.month + 2) // 3}"
        if length == "year" and start.month == 1:
            return f"{start.year}"
    return f"{start.isoformat()}-{length}"[:20]


def spread(amount: Decimal, weights: list[Decimal], digits: int) -> list[Decimal]:
    """An amount in parts proportional to `weights`, in whole units of `digits` decimals, whose sum is exact.

    The largest remainders get the units that are left; equal weights where all are zero.

    Raises:
        ValueError: there are no weights, one is negative, or the amount has more decimals.
    """
    unit = Decimal(1).scaleb(-digits)
    if not weights or min(weights) < 0 or amount != amount.quantize(unit):
        raise ValueError("weights are not negative, and the amount is in whole units")
    total = sum(weights)
    shares = weights if total else [Decimal(1)] * len(weights)
    units = int(amount / unit)
    exact = [units * share / (total or len(weights)) for share in shares]
    floors = [math.floor(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    for index in by_remainder[: units - sum(floors)]:
        floors[index] += 1
    return [part * unit for part in floors]
