"""Measurements: what was read of a metric, when it was written down, and what of it counts.

Every reading is kept. Of one metric and month the one that was recorded last counts, so that a later one is a
correction. A month without a reading is a gap, and stays one: nothing is interpolated.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal

from services.schemas.value_model import Aggregation

# As many digits as the engine's numbers carry: a mean of more would only look exact.
_MEAN = Context(prec=15)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a metric in a month, and the day on which it was recorded."""

    metric: str
    month: str
    value: Decimal
    recorded_on: date

    @property
    def place(self) -> tuple[str, str, date]:
        """What tells it from every other reading of the plan."""
        return self.metric, self.month, self.recorded_on


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A metric over a period: null where nothing was measured; `gaps` are the months without a reading."""

    measured: Decimal | None
    gaps: tuple[str, ...]


Latest = Mapping[tuple[str, str], Decimal]


def latest(readings: Iterable[Reading]) -> Latest:
    """What counts, by metric and month."""
    ordered = sorted(readings, key=lambda reading: reading.recorded_on)
    return {(reading.metric, reading.month): reading.value for reading in ordered}


def aggregate(how: Aggregation, metric: str, months: Sequence[str], known: Latest) -> Aggregate:
    """A metric over the months of a period, by what is known of them."""
    values = [known[metric, month] for month in months if (metric, month) in known]
    gaps = tuple(month for month in months if (metric, month) not in known)
    return Aggregate(_combined(how, values) if values else None, gaps)


def _combined(how: Aggregation, values: Sequence[Decimal]) -> Decimal:
    match how:
        case "sum":
            return sum(values, Decimal(0))
        case "mean":
            return _MEAN.divide(sum(values, Decimal(0)), Decimal(len(values)))
        case "last":
            return values[-1]
