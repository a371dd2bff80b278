"""When the work of a plan is expected: the critical path on the plan's calendar, with what was reported.

What has begun stays where it began, and takes as long as planned until it is reported done; what is done took
the days that it took.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.executor.domain.critical_path import schedule
from services.executor.domain.work import PlanActivity, Progress
from services.executor.domain.working_days import WorkingDays
from services.schemas.network import Network, NetworkActivity, ScheduledActivity
from services.schemas.network_order import CannotSchedule
from services.schemas.problem import FieldError

# Almost four centuries: what lies beyond is a typing error, and soon no date.
LONGEST_PLAN = 100_000


@dataclass(frozen=True, slots=True)
class Effort:
    """One activity and how far it is."""

    activity: PlanActivity
    progress: Progress


@dataclass(frozen=True, slots=True)
class Expected:
    """One activity on the calendar: the days on which it did or should start and finish, and the latest ones
    that keep the plan's end."""

    effort: Effort
    scheduled: ScheduledActivity
    start: date
    finish: date
    late_start: date
    late_finish: date


@dataclass(frozen=True, slots=True)
class Forecast:
    """All activities on the calendar; `duration` in working days from the plan's first day."""

    duration: float
    activities: tuple[Expected, ...]
    critical_path: tuple[str, ...]

    @property
    def finish(self) -> date | None:
        """The day on which everything is done; None while nothing is planned."""
        return max((each.finish for each in self.activities), default=None)

    def milestone(self, key: str) -> date | None:
        """The day on which the last activity of a milestone is done; None if no activity leads to it."""
        leading = (each.finish for each in self.activities if each.effort.activity.milestone == key)
        return max(leading, default=None)


def forecast(days: WorkingDays, efforts: Sequence[Effort]) -> Forecast:
    """Raises:
    CannotSchedule: the network has no schedule, or a plan of centuries.
    """
    if not efforts:
        return Forecast(0.0, (), ())
    network = Network(activities=tuple(_as_it_went(days, effort) for effort in efforts))
    found = schedule(network, _started(days, efforts))
    if found.duration > LONGEST_PLAN:
        detail = f"The plan would take {found.duration:.0f} working days, more than {LONGEST_PLAN}."
        raise CannotSchedule([FieldError(pointer="/activities", detail=detail)])
    on_calendar = zip(efforts, found.activities, strict=True)
    return Forecast(
        duration=found.duration,
        activities=tuple(_expected(days, effort, scheduled) for effort, scheduled in on_calendar),
        critical_path=found.critical_path,
    )


def _as_it_went(days: WorkingDays, effort: Effort) -> NetworkActivity:
    """The activity with the duration that it really had, once that is known."""
    start, finish = effort.progress.actual_start, effort.progress.actual_finish
    if start is None or finish is None:
        return effort.activity
    taken = float(days.finish_point(finish) - days.start_point(start))
    return effort.activity.model_copy(update={"duration": taken})


def _started(days: WorkingDays, efforts: Iterable[Effort]) -> dict[str, float]:
    return {
        effort.activity.key: float(days.start_point(effort.progress.actual_start))
        for effort in efforts
        if effort.progress.actual_start is not None
    }


def _expected(days: WorkingDays, effort: Effort, scheduled: ScheduledActivity) -> Expected:
    start, finish = _days_of(days, scheduled.early_start, scheduled.early_finish)
    late_start, late_finish = _days_of(days, scheduled.late_start, scheduled.late_finish)
    return Expected(
        effort=effort,
        scheduled=scheduled,
        start=effort.progress.actual_start or start,
        finish=effort.progress.actual_finish or finish,
        late_start=late_start,
        late_finish=late_finish,
    )


def _days_of(days: WorkingDays, start: float, finish: float) -> tuple[date, date]:
    """The days of a bar; one without duration happens as a day ends, or as the plan's first one begins."""
    if finish > start:
        return days.start(start), days.finish(finish)
    moment = days.finish(finish) if finish > 0 else days.start(finish)
    return moment, moment
