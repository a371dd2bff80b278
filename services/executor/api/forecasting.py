"""A plan's forecast, and what follows from it for its milestones."""

from collections.abc import Sequence

from services.chassis.unit_of_work import UnitOfWork
from services.executor.api.problems_of_work import as_problems
from services.executor.domain.forecast import Effort, Forecast, forecast
from services.executor.domain.working_days import WorkingDays
from services.executor.events import about_milestone
from services.executor.store.milestones import MilestoneRow, Milestones
from services.executor.store.plans import PlanRow
from services.schemas.events.executor import MilestoneAtRisk


def forecast_of(days: WorkingDays, efforts: Sequence[Effort]) -> Forecast:
    """Raises:
    Unprocessable: the work has no schedule.
    """
    with as_problems():
        return forecast(days, efforts)


async def recompute(uow: UnitOfWork, plan: PlanRow, days: WorkingDays, efforts: Sequence[Effort]) -> Forecast:
    """The forecast after a change, written to the milestones that are still to be delivered; those that are
    now expected late, and were not before, are told about."""
    found = forecast_of(days, efforts)
    for milestone in await Milestones(uow).of(plan.id):
        if milestone.is_open:
            await _expect(uow, plan, milestone, found)
    return found


async def _expect(uow: UnitOfWork, plan: PlanRow, milestone: MilestoneRow, found: Forecast) -> None:
    expected = found.milestone(milestone.key)
    was_at_risk = milestone.at_risk
    milestone.expected_on = expected
    milestone.at_risk = expected is not None and expected > milestone.due
    if expected is not None and milestone.at_risk and not was_at_risk:
        event = MilestoneAtRisk(**about_milestone(plan, milestone), due=milestone.due, expected=expected)
        await uow.emit(event, subject=plan.id)
