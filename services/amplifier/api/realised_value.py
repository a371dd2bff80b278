"""Realised value: what was promised, measured and realised, by driver and period."""

from uuid import UUID

from services.amplifier.api import views
from services.amplifier.api.documents import RealisedDriver, RealisedValue
from services.amplifier.domain.measurements import latest
from services.amplifier.domain.yardstick import Figure
from services.amplifier.store.measurements import Measurements
from services.amplifier.store.periods import PeriodRow, Periods
from services.amplifier.store.plans import Plans
from services.amplifier.store.ramps import RampStarts
from services.chassis.access import Work, requires
from services.chassis.own_account import OwnAccount
from services.chassis.problems import Conflict, document
from services.chassis.transaction import resource

router = resource("/success-plans")


@router.get(
    "/{success_plan_id}/realised-value",
    dependencies=[requires("amplifier:read")],
    summary="Compare realised with committed value",
    responses=document(Conflict),
)
async def get_realised_value(success_plan_id: UUID, uow: Work, own: OwnAccount) -> RealisedValue:
    """By driver and period. Values are those that were reviewed; measured and missing months are as known
    now, except where a period is closed."""
    plan = await Plans(uow, own).get(success_plan_id)
    yardstick = plan.yardstick
    if yardstick is None:
        raise Conflict("The plan has no model to be measured by.", code="wrong_state")
    known = latest(await Measurements(uow).readings(plan.id))
    begun = await RampStarts(uow).of(plan.contract_id)
    table: list[tuple[PeriodRow, tuple[Figure, ...]]] = [
        (row, row.known_figures or yardstick.unreviewed(row.place, known))
        for row in await Periods(uow).of(plan.id)
    ]
    items: list[RealisedDriver] = []
    for number, commitment in enumerate(yardstick.commitments):
        column = [(row, figures[number]) for row, figures in table]
        start = begun.get(commitment.driver_key)
        items.append(views.realised_driver(commitment, column, yardstick.model.currency, start))
    return RealisedValue(success_plan_id=plan.id, items=tuple(items))
