"""Measurements: what was read of the metrics, month by month."""

import email.message
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request

from services.amplifier.api import views
from services.amplifier.api.access import as_problems
from services.amplifier.api.documents import CSV_EXAMPLE, Measurement, NewMeasurements, Taken
from services.amplifier.domain.calendar import Calendar
from services.amplifier.domain.intake import Desk, Intake
from services.amplifier.domain.lifecycle import require_open_to
from services.amplifier.domain.measurement_rows import MeasurementRow, Month, read_csv
from services.amplifier.store.measurements import Measurements
from services.amplifier.store.periods import Periods
from services.amplifier.store.plans import PlanRow, Plans
from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, PayloadTooLarge, UnsupportedMediaType, document
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.base import Key

router = resource("/success-plans")

_CSV = "text/csv"
_CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {_CSV: {"schema": {"type": "string"}, "example": CSV_EXAMPLE}},
    }
}


@router.post(
    "/{success_plan_id}/measurements",
    status_code=201,
    dependencies=[requires("amplifier:write")],
    summary="Add measurements",
    responses=document(Conflict),
)
async def add_measurements(success_plan_id: UUID, body: NewMeasurements, uow: IdempotentWork) -> Taken:
    """All rows are taken, or none. A row that is known already changes nothing; one of the same metric and
    month that was recorded later is a correction. A period under review is reopened by what changes it; a
    closed one is to be restated."""
    return await _take(uow, await Plans(uow).held(success_plan_id), body.rows)


@router.post(
    "/{success_plan_id}/measurements/import",
    status_code=201,
    dependencies=[requires("amplifier:write")],
    summary="Add measurements from a CSV file",
    responses=document(Conflict, PayloadTooLarge, UnsupportedMediaType),
    openapi_extra=_CSV_BODY,
)
async def import_measurements(success_plan_id: UUID, request: Request, uow: IdempotentWork) -> Taken:
    """The file is UTF-8, and its first line names the columns: `metric`, `month` or `date`, `value`,
    `recorded_on`, and `unit` if it is to be compared. Everything else is as with rows of JSON; pointers count
    rows from 0, without the first line."""
    plan = await Plans(uow).held(success_plan_id)
    content = await request.body()
    if content and _media_type(request) != _CSV:
        raise UnsupportedMediaType(f"This route takes {_CSV}.")
    with as_problems():
        rows = read_csv(content)
    return await _take(uow, plan, rows)


@router.get(
    "/{success_plan_id}/measurements",
    dependencies=[requires("amplifier:read")],
    summary="List a plan's measurements",
)
async def list_measurements(
    success_plan_id: UUID,
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
    metric: Annotated[Key | None, Query()] = None,
    month: Annotated[Month | None, Query()] = None,
) -> Page[Measurement]:
    """Every reading, those that were corrected too; added last first."""
    plan = await Plans(uow, own).get(success_plan_id)
    rows = await Measurements(uow).page(page, plan.id, metric=metric, month=month)
    return page.page(rows, views.measurement, lambda row: row.id)


async def _take(uow: UnitOfWork, plan: PlanRow, rows: Sequence[MeasurementRow]) -> Taken:
    with as_problems():
        require_open_to(plan.life, "measurements")
        yardstick = plan.required_yardstick
    desk = Desk(Calendar(yardstick.periods), yardstick.units)
    with as_problems():
        intake = desk.take(rows, await Measurements(uow).readings(plan.id))
    if intake.added:
        await Measurements(uow).add(plan.id, intake.added)
        plan.readings += len(intake.added)
        await Plans(uow).touch(plan)
    return await _told(uow, plan, intake)


async def _told(uow: UnitOfWork, plan: PlanRow, intake: Intake) -> Taken:
    """Lets the periods know that something else is known of them now."""
    reopened, late = [], []
    for period in await Periods(uow).of(plan.id):
        if period.key not in intake.changed:
            continue
        before = period.life.state
        period.live(period.life.measured(uow.actor.sub))
        if period.is_closed:
            late.append(period.key)
        elif before != period.life.state:
            reopened.append(period.key)
    await uow.session.flush()
    return Taken(
        added=len(intake.added),
        unchanged=intake.unchanged,
        corrections=intake.corrections,
        reopened=tuple(reopened),
        restatement_due=tuple(late),
    )


def _media_type(request: Request) -> str:
    message = email.message.Message()
    message["content-type"] = request.headers.get("content-type", "")
    return message.get_content_type()
