"""Periods: reviewed, closed by a second person, and restated when late corrections come."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Request, Response

from services.amplifier.api import views
from services.amplifier.api.access import Expected, as_problems
from services.amplifier.api.documents import AllPeriods, PeriodDetail
from services.amplifier.api.figuring import evaluated, held, held_unchanged, seen
from services.amplifier.api.telling import tell_closing, tell_restatement
from services.amplifier.domain.measurements import latest
from services.amplifier.events import about
from services.amplifier.store.measurements import Measurements
from services.amplifier.store.periods import PeriodRow, Periods
from services.amplifier.store.plans import PlanRow, Plans
from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.problems import Conflict, Forbidden, PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.events.amplifier import PeriodReviewRequested

router = resource("/success-plans")

_PATH = "/{success_plan_id}/periods"
_ONE = "/{success_plan_id}/periods/{period_key}"
_CHANGES = document(Conflict, PreconditionFailed, PreconditionRequired)
_SECOND_PERSON = document(Conflict, Forbidden, PreconditionFailed, PreconditionRequired)

PeriodKey = Annotated[str, Path(min_length=1, max_length=20, examples=["2026-Q1"])]


@router.get(_PATH, dependencies=[requires("amplifier:read")], summary="List a plan's periods")
async def list_periods(success_plan_id: UUID, uow: Work, own: OwnAccount) -> AllPeriods:
    """All of them, in their order."""
    plan = await Plans(uow, own).get(success_plan_id)
    spans = plan.command.periods
    rows = await Periods(uow).of(plan.id)
    return AllPeriods(items=tuple(views.period_summary(row, spans[row.place]) for row in rows))


@router.get(_ONE, dependencies=[requires("amplifier:read")], summary="Read a period with its figures")
async def get_period(
    success_plan_id: UUID, period_key: PeriodKey, uow: Work, own: OwnAccount, response: Response
) -> PeriodDetail:
    """What it brought is known once it was reviewed; before, only what was measured and what is missing."""
    plan = await Plans(uow, own).get(success_plan_id)
    return await _shown(uow, plan, await Periods(uow).get(plan.id, period_key), response)


@router.post(
    f"{_ONE}/request-review",
    dependencies=[requires("amplifier:write")],
    summary="Ask for a period's review",
    responses=_CHANGES,
)
async def request_review(
    success_plan_id: UUID,
    period_key: PeriodKey,
    request: Request,
    uow: IdempotentWork,
    expected: Expected,
    response: Response,
) -> PeriodDetail:
    """The calculation engine values what was measured; those are the figures that a second person closes.
    Measurements that change them reopen the period."""
    found = await seen(request, uow, success_plan_id, period_key, expected, "request_review")
    with as_problems():
        life = found.period.life.request_review(uow.actor.sub)
    figures = await evaluated(request, uow, found)
    plan, period = await held_unchanged(uow, found, expected)
    period.live(life)
    period.hold(figures)
    event = PeriodReviewRequested(**about(plan), period=period.key, requested_by=uow.actor.sub)
    await uow.emit(event, subject=plan.id)
    return await _shown(uow, plan, period, response)


@router.post(
    f"{_ONE}/close",
    dependencies=[requires("amplifier:approve")],
    summary="Close a period",
    responses=_SECOND_PERSON,
)
async def close_period(
    success_plan_id: UUID, period_key: PeriodKey, uow: IdempotentWork, expected: Expected, response: Response
) -> PeriodDetail:
    """By somebody who did not ask for the review; in the order of the periods. Its figures are settled by."""
    plan, period = await held(uow, success_plan_id, period_key, expected, "close")
    before = await Periods(uow).before(period)
    with as_problems():
        life = period.life.close(uow.actor.sub, before=None if before is None else before.life.state)
    period.live(life)
    period.closed_at = uow.clock.now()
    await tell_closing(uow, plan, period)
    return await _shown(uow, plan, period, response)


@router.post(
    f"{_ONE}/restate",
    dependencies=[requires("amplifier:approve")],
    summary="Restate a closed period",
    responses=_SECOND_PERSON,
)
async def restate_period(
    success_plan_id: UUID,
    period_key: PeriodKey,
    request: Request,
    uow: IdempotentWork,
    expected: Expected,
    response: Response,
) -> PeriodDetail:
    """After late measurements, by somebody who did not bring them: all figures anew, also once the contract
    was terminated. Those that were published before are kept beside them."""
    found = await seen(request, uow, success_plan_id, period_key, expected, "restate")
    with as_problems():
        life = found.period.life.restate(uow.actor.sub)
    figures = await evaluated(request, uow, found)
    plan, period = await held_unchanged(uow, found, expected)
    before = period.known_figures or ()
    period.live(life)
    period.replace(figures, uow.clock.now())
    await tell_restatement(uow, plan, period, before)
    return await _shown(uow, plan, period, response)


async def _shown(uow: UnitOfWork, plan: PlanRow, period: PeriodRow, response: Response) -> PeriodDetail:
    await uow.session.flush()
    set_etag(response, period.version)
    figures = period.known_figures
    if figures is None and plan.yardstick is not None:
        known = latest(await Measurements(uow).readings(plan.id))
        figures = plan.yardstick.unreviewed(period.place, known)
    return views.period_detail(period, plan.command.periods[period.place], figures or ())
