"""Plans: made for a contract, given their work, tracked, and put on the calendar."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends, Query, Response

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import ExpectedVersion, if_match, set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.executor.api import plan_views
from services.executor.api.forecasting import forecast_of, recompute
from services.executor.api.plan_documents import NEW_PLAN, Plan, PlanSchedule, PlanSummary, TrackedActivity
from services.executor.api.problems_of_work import as_problems, refuse_future
from services.executor.domain.forecast import Effort
from services.executor.domain.lifecycle import PlanState, require_open
from services.executor.domain.work import PlanNetwork, Progress, require_known_milestones
from services.executor.domain.working_days import WorkingDays
from services.executor.events import about, open_plan
from services.executor.store.activities import Activities
from services.executor.store.milestones import Milestones
from services.executor.store.plans import PlanFilter, PlanRow, Plans
from services.schemas.commands import CreatePlan
from services.schemas.events.executor import PlanRebaselined

router = resource("/plans")

Expected = Annotated[ExpectedVersion, Depends(if_match)]
_CHANGES = document(Conflict, PreconditionFailed, PreconditionRequired)


@router.post(
    "",
    status_code=201,
    dependencies=[requires("executor:write")],
    summary="Make a contract's plan",
    responses=document(Conflict),
)
async def create_plan(
    body: Annotated[CreatePlan, Body(openapi_examples=NEW_PLAN)], uow: IdempotentWork, response: Response
) -> Plan:
    """As the activation of a contract does it: with milestones, and without activities yet."""
    with as_problems():
        plan = await open_plan(uow, body)
    if plan is None:
        raise Conflict("The contract has a plan already.", code="plan_exists")
    set_etag(response, plan.version)
    return plan_views.full(plan, ())


@router.get("", dependencies=[requires("executor:read")], summary="List plans")
async def list_plans(
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
    contract_id: Annotated[UUID | None, Query()] = None,
    state: PlanState | None = None,
) -> Page[PlanSummary]:
    """Newest first."""
    wanted = PlanFilter(contract_id=contract_id, state=state)
    return page.page(await Plans(uow, own).page(page, wanted), plan_views.summary, lambda row: row.id)


@router.get("/{plan_id}", dependencies=[requires("executor:read")], summary="Read a plan")
async def get_plan(plan_id: UUID, uow: Work, own: OwnAccount, response: Response) -> Plan:
    plan = await Plans(uow, own).get(plan_id)
    set_etag(response, plan.version)
    return plan_views.full(plan, await Activities(uow).of(plan.id))


@router.get("/{plan_id}/schedule", dependencies=[requires("executor:read")], summary="Schedule a plan")
async def get_schedule(plan_id: UUID, uow: Work, own: OwnAccount, response: Response) -> PlanSchedule:
    """By the critical path method, with what was reported: what has begun stays where it began and takes as
    long as planned until it is done."""
    plan = await Plans(uow, own).get(plan_id)
    found = forecast_of(plan.working_days, await _efforts(uow, plan))
    set_etag(response, plan.version)
    return plan_views.schedule(plan, found, await Milestones(uow).of(plan.id))


@router.put(
    "/{plan_id}/activities",
    dependencies=[requires("executor:write")],
    summary="Replace a plan's activities",
    responses=_CHANGES,
)
async def replace_activities(
    plan_id: UUID, body: PlanNetwork, uow: Work, expected: Expected, response: Response
) -> Plan:
    """All activities and holidays anew; an activity that keeps its key keeps its progress. The end that
    follows is the plan's baseline: where there was one before, the plan is rebaselined."""
    plan = await _held(uow, plan_id, expected, "replace activities")
    activities = Activities(uow)
    known = {row.key: row.effort.progress for row in await activities.of(plan.id)}
    with as_problems():
        require_known_milestones(body, [row.key for row in await Milestones(uow).of(plan.id)])
    efforts = [Effort(each, known.get(each.key, Progress())) for each in body.activities]
    holidays = sorted(set(body.holidays))
    found = await recompute(uow, plan, WorkingDays(plan.effective_on, holidays), efforts)
    await _tell_new_baseline(uow, plan, found.finish)
    await activities.replace(plan.id, efforts)
    plan.holidays, plan.baseline_finish = holidays, found.finish
    await Plans(uow).touch(plan)
    set_etag(response, plan.version)
    return plan_views.full(plan, await activities.of(plan.id))


@router.post(
    "/{plan_id}/activities/{activity_key}/progress",
    dependencies=[requires("executor:write")],
    summary="Report an activity's progress",
    responses=_CHANGES,
)
async def report_progress(
    plan_id: UUID,
    activity_key: str,
    body: Progress,
    uow: IdempotentWork,
    expected: Expected,
    response: Response,
) -> TrackedActivity:
    """Under the plan's ETag. The plan's first work makes it active, and starts the activity's milestone. No
    date may lie in the future, where the contract is."""
    plan = await _held(uow, plan_id, expected, "progress")
    activity = await Activities(uow).get(plan.id, activity_key)
    refuse_future(body.actual_start, plan, uow, pointer="/actual_start")
    refuse_future(body.actual_finish, plan, uow, pointer="/actual_finish")
    activity.report(body)
    if body.begun:
        await _begin(uow, plan, activity.effort)
    await recompute(uow, plan, plan.working_days, await _efforts(uow, plan))
    await Plans(uow).touch(plan)
    set_etag(response, plan.version)
    return plan_views.tracked(activity.effort)


async def _held(uow: UnitOfWork, plan_id: UUID, expected: ExpectedVersion, action: str) -> PlanRow:
    """The plan at the version that was read, with its work going on."""
    plan = await Plans(uow).held(plan_id)
    expected.check(plan.version)
    with as_problems():
        require_open(plan.life, action)
    return plan


async def _efforts(uow: UnitOfWork, plan: PlanRow) -> list[Effort]:
    return [row.effort for row in await Activities(uow).of(plan.id)]


async def _tell_new_baseline(uow: UnitOfWork, plan: PlanRow, finish: date | None) -> None:
    if plan.baseline_finish is not None and finish is not None:
        event = PlanRebaselined(**about(plan), rebaselined_by=uow.actor.sub, finish=finish)
        await uow.emit(event, subject=plan.id)


async def _begin(uow: UnitOfWork, plan: PlanRow, effort: Effort) -> None:
    await Plans(uow).begin(plan)
    if effort.activity.milestone is not None:
        milestone = await Milestones(uow).get(plan.id, effort.activity.milestone)
        if milestone.life == "planned":
            milestone.step("start")
