"""Which success plans are taken on, and which models fit them."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from services.amplifier.domain.calendar import length_in_months
from services.schemas.commands import CreateSuccessPlan
from services.schemas.commitments import Commitment
from services.schemas.periods import Period, periods
from services.schemas.problem import FieldError
from services.schemas.time_zone import is_time_zone
from services.schemas.value_model import MAX_PERIODS, MONTHS, Driver, Kpi, ValueModel

_YEARS = range(1970, 2301)
_MOST_COMMITMENTS = 200
_LARGEST = Decimal(10) ** 15
_MOST_DECIMALS = 12


class Inadmissible(Exception):
    """The plan is not taken on; `findings` point into the command, `reason` says the same in a sentence."""

    def __init__(self, findings: list[FieldError]) -> None:
        self.reason = " ".join(finding.detail for finding in findings)
        self.findings = findings
        super().__init__(self.reason)


def require_admissible(command: CreateSuccessPlan) -> None:
    """Raises:
    Inadmissible: its periods do not follow each other, or its commitments do not fit them.
    """
    findings = [
        *_about_time(command),
        *_about_periods(command.periods),
        *_about_commitments(command.commitments, [period.key for period in command.periods]),
    ]
    if findings:
        raise Inadmissible(findings)


def unfit(command: CreateSuccessPlan, model: ValueModel) -> list[FieldError]:
    """Why the plan cannot be measured by the model that it names: pointers into the command."""
    found = list(_about_model(command, model))
    drivers = {driver.key: driver for driver in model.drivers}
    for number, commitment in enumerate(command.commitments):
        found += _about_driver(f"/commitments/{number}", commitment, drivers.get(commitment.driver_key))
    return found


def _about_time(command: CreateSuccessPlan) -> Iterator[FieldError]:
    if not is_time_zone(command.time_zone):
        yield FieldError(pointer="/time_zone", detail=f"There is no time zone {command.time_zone}.")


def _about_periods(given: Sequence[Period]) -> Iterator[FieldError]:
    if not 1 <= len(given) <= MAX_PERIODS:
        yield FieldError(pointer="/periods", detail=f"A plan has between 1 and {MAX_PERIODS} periods.")
        return
    if any(not _in_range(day) for day in (given[0].start, given[-1].end)):
        detail = f"Periods lie between {_YEARS.start} and {_YEARS.stop - 1}."
        yield FieldError(pointer="/periods", detail=detail)
        return
    if len({period.key for period in given}) < len(given):
        yield FieldError(pointer="/periods", detail="Two periods have the same key.")
    if any(first.end != second.start for first, second in pairwise(given)):
        yield FieldError(pointer="/periods", detail="Periods follow each other without gap or overlap.")
    if not _is_regular(given):
        detail = "All periods are months, or quarters, or years, counted from the first day."
        yield FieldError(pointer="/periods", detail=detail)


def _is_regular(given: Sequence[Period]) -> bool:
    """Whether they are what the contract's own calendar would be."""
    months = length_in_months(given[0])
    length = next((each for each, size in MONTHS.items() if size == months), None)
    if length is None:
        return False
    counted = periods(given[0].start, length, len(given))
    return [(each.start, each.end) for each in given] == [(each.start, each.end) for each in counted]


def _about_commitments(commitments: Sequence[Commitment], periods: Sequence[str]) -> Iterator[FieldError]:
    if not 1 <= len(commitments) <= _MOST_COMMITMENTS:
        detail = f"A plan has between 1 and {_MOST_COMMITMENTS} commitments."
        yield FieldError(pointer="/commitments", detail=detail)
        return
    if len({each.key for each in commitments}) < len(commitments):
        yield FieldError(pointer="/commitments", detail="Two commitments have the same key.")
    if len({each.id for each in commitments}) < len(commitments):
        yield FieldError(pointer="/commitments", detail="Two commitments have the same id.")
    for number, commitment in enumerate(commitments):
        place = f"/commitments/{number}"
        if len(commitment.committed) != len(periods):
            detail = f"Commitment {commitment.key} has a value for each of the {len(periods)} periods."
            yield FieldError(pointer=f"{place}/committed", detail=detail)
        if commitment.due_period not in periods:
            detail = f"Commitment {commitment.key} is due in none of the periods."
            yield FieldError(pointer=f"{place}/due_period", detail=detail)
        yield from _about_numbers(place, commitment)


def _about_numbers(place: str, commitment: Commitment) -> Iterator[FieldError]:
    numbers = (*commitment.committed, commitment.baseline, commitment.target, commitment.tolerance)
    rises = commitment.target > commitment.baseline
    if not all(map(_is_sensible, numbers)):
        detail = f"A number of commitment {commitment.key} is too large, or has too many decimals."
        yield FieldError(pointer=place, detail=detail)
    elif commitment.target == commitment.baseline or rises != (commitment.direction == "increase"):
        detail = f"Commitment {commitment.key} is to {commitment.direction}: its target is no progress."
        yield FieldError(pointer=f"{place}/target", detail=detail)


def _is_sensible(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return abs(number) <= _LARGEST and isinstance(exponent, int) and exponent >= -_MOST_DECIMALS


def _in_range(day: date) -> bool:
    return day.year in _YEARS


def _about_model(command: CreateSuccessPlan, model: ValueModel) -> Iterator[FieldError]:
    if model.currency != command.currency:
        detail = f"The model is in {model.currency}, the plan in {command.currency}."
        yield FieldError(pointer="/currency", detail=detail)
    months = sum(length_in_months(period) for period in command.periods)
    if months > model.horizon.periods * model.horizon.months_per_period:
        yield FieldError(pointer="/periods", detail="The plan lasts longer than the model's horizon.")


def _about_driver(place: str, commitment: Commitment, driver: Driver | None) -> Iterator[FieldError]:
    if driver is None or driver.kpi is None:
        detail = f"The model has no driver {commitment.driver_key} that is measured by a KPI."
        yield FieldError(pointer=f"{place}/driver_key", detail=detail)
        return
    for field, promised, modelled in _sides(commitment, driver.kpi):
        if promised != modelled:
            detail = f"The {field} of {driver.key} is {modelled} in the model, {promised} in the commitment."
            yield FieldError(pointer=f"{place}/{field}", detail=detail)


def _sides(commitment: Commitment, kpi: Kpi) -> Iterator[tuple[str, str, str]]:
    yield "metric", commitment.metric, kpi.metric
    yield "unit", commitment.unit, kpi.unit
    yield "direction", commitment.direction, kpi.direction
