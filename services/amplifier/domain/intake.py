"""Which measurements are taken in: all rows of an upload, or none."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.amplifier.domain.calendar import Calendar
from services.amplifier.domain.measurement_rows import MeasurementRow
from services.amplifier.domain.measurements import Reading, latest
from services.schemas.problem import FieldError

MOST_FINDINGS = 100


class BadRows(Exception):
    """Rows that cannot be taken; `findings` point to each."""

    def __init__(self, findings: Sequence[FieldError]) -> None:
        self.findings = tuple(findings[:MOST_FINDINGS])
        more = len(findings) - len(self.findings)
        super().__init__(
            "; ".join(f"{each.pointer}: {each.detail}" for each in findings[:3])
            + (f"; and {more} more than are listed" if more else "")
        )


@dataclass(frozen=True, slots=True)
class Intake:
    """What an upload adds. `unchanged` rows were known already; `changed` are the periods of which something
    else is known now."""

    added: tuple[Reading, ...]
    unchanged: int
    corrections: int
    changed: frozenset[str]


class Desk:
    """Takes in the measurements of one plan: of these metrics (each with its unit), in these periods."""

    def __init__(self, calendar: Calendar, units: Mapping[str, str]) -> None:
        self._calendar = calendar
        self._units = units

    def take(self, rows: Sequence[MeasurementRow], known: Collection[Reading]) -> Intake:
        """Raises:
        BadRows: one of them cannot be taken.
        """
        seen = {reading.place: reading.value for reading in known}
        added: list[Reading] = []
        findings: list[FieldError] = []
        for number, row in enumerate(rows):
            wrong = list(self._findings(row))
            reading = None if wrong else self._reading(row)
            if reading is not None and seen.setdefault(reading.place, reading.value) != reading.value:
                wrong = [_contradiction(reading, seen[reading.place])]
            findings += [_in_row(number, each) for each in wrong]
            if reading is not None:
                added.append(reading)
        if findings:
            raise BadRows(findings)
        return self._intake(added, known)

    def _intake(self, read: Sequence[Reading], known: Collection[Reading]) -> Intake:
        kept = {reading.place for reading in known}
        added = {reading.place: reading for reading in read if reading.place not in kept}
        before, after = latest(known), latest([*known, *added.values()])
        changed = {
            self._calendar.period_of(month)
            for (metric, month) in after
            if before.get((metric, month)) != after[metric, month]
        }
        corrected = {place for place, value in before.items() if after[place] != value}
        return Intake(
            added=tuple(added.values()),
            unchanged=len(read) - len(added),
            corrections=len(corrected),
            changed=frozenset(each for each in changed if each is not None),
        )

    def _findings(self, row: MeasurementRow) -> Iterator[FieldError]:
        unit = self._units.get(row.metric)
        if unit is None:
            yield FieldError(
                pointer="/metric", detail=f"No driver of the plan's model measures {row.metric}."
            )
        elif row.unit is not None and row.unit != unit:
            yield FieldError(pointer="/unit", detail=f"{row.metric} is measured in {unit}, not {row.unit}.")
        if self._month(row) is None:
            field = "month" if row.month is not None else "date"
            yield FieldError(pointer=f"/{field}", detail="It lies in none of the plan's periods.")

    def _month(self, row: MeasurementRow) -> str | None:
        if row.date is not None:
            return self._calendar.month_of(row.date)
        return row.month if row.month and self._calendar.period_of(row.month) else None

    def _reading(self, row: MeasurementRow) -> Reading | None:
        month = self._month(row)
        return None if month is None else Reading(row.metric, month, row.value, row.recorded_on)


def _contradiction(reading: Reading, known: Decimal) -> FieldError:
    said = f"{reading.metric} of {reading.month} was recorded as {known} on {reading.recorded_on}"
    return FieldError(pointer="/value", detail=f"{said}: a correction is recorded on a later day.")


def _in_row(number: int, finding: FieldError) -> FieldError:
    return FieldError(pointer=f"/rows/{number}{finding.pointer}", detail=finding.detail)
