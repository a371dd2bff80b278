"""Milestones: started, delivered, and accepted or rejected by a second person."""

from datetime import date
from uuid import UUID

from fastapi import Response

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import ExpectedVersion, set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.problems import Conflict, Forbidden, PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.executor.api import plan_views
from services.executor.api.plan_documents import Acceptance, AllMilestones, Because, Milestone
from services.executor.api.plans import Expected
from services.executor.api.problems_of_work import as_problems, out_of_range, refuse_future, today
from services.executor.domain.lifecycle import MilestoneAction, require_open, require_second_person
from services.executor.events import about, about_milestone
from services.executor.metrics import MILESTONES_ACCEPTED, PLANS_COMPLETED
from services.executor.store.milestones import MilestoneRow, Milestones
from services.executor.store.plans import PlanRow, Plans
from services.schemas.events.executor import (
    MilestoneAccepted,
    MilestoneBlocked,
    MilestoneRejected,
    PlanCompleted,
)

router = resource("/plans")

_PATH = "/{plan_id}/milestones"
_ONE = "/{plan_id}/milestones/{milestone_key}"
_CHANGES = document(Conflict, PreconditionFailed, PreconditionRequired)


@router.get(_PATH, dependencies=[requires("executor:read")], summary="List a plan's milestones")
async def list_milestones(plan_id: UUID, uow: Work, own: OwnAccount) -> AllMilestones:
    """All of them, in the plan's order."""
    plan = await Plans(uow, own).get(plan_id)
    return AllMilestones(items=tuple(map(plan_views.milestone, await Milestones(uow).of(plan.id))))


@router.get(_ONE, dependencies=[requires("executor:read")], summary="Read a milestone")
async def get_milestone(
    plan_id: UUID, milestone_key: str, uow: Work, own: OwnAccount, response: Response
) -> Milestone:
    plan = await Plans(uow, own).get(plan_id)
    return _shown(await Milestones(uow).get(plan.id, milestone_key), response)


@router.post(
    f"{_ONE}/start",
    dependencies=[requires("executor:write")],
    summary="Start a milestone",
    responses=_CHANGES,
)
async def start_milestone(
    plan_id: UUID, milestone_key: str, uow: IdempotentWork, expected: Expected, response: Response
) -> Milestone:
    """The first report of work on one of its activities does it too."""
    plan, milestone = await _held(uow, plan_id, milestone_key, expected)
    await _step(uow, plan, milestone, "start")
    return await _answer(uow, milestone, response)


@router.post(
    f"{_ONE}/block",
    dependencies=[requires("executor:write")],
    summary="Block a milestone",
    responses=_CHANGES,
)
async def block_milestone(
    plan_id: UUID,
    milestone_key: str,
    body: Because,
    uow: IdempotentWork,
    expected: Expected,
    response: Response,
) -> Milestone:
    """Work on it cannot go on, and why; `resume` ends it."""
    plan, milestone = await _held(uow, plan_id, milestone_key, expected)
    await _step(uow, plan, milestone, "block")
    milestone.reason = body.reason
    event = MilestoneBlocked(**about_milestone(plan, milestone), blocked_by=uow.actor.sub, reason=body.reason)
    await uow.emit(event, subject=plan.id)
    return await _answer(uow, milestone, response)


@router.post(
    f"{_ONE}/resume",
    dependencies=[requires("executor:write")],
    summary="Resume a milestone",
    responses=_CHANGES,
)
async def resume_milestone(
    plan_id: UUID, milestone_key: str, uow: IdempotentWork, expected: Expected, response: Response
) -> Milestone:
    """Work on what was blocked or rejected goes on."""
    plan, milestone = await _held(uow, plan_id, milestone_key, expected)
    await _step(uow, plan, milestone, "resume")
    milestone.reason = None
    return await _answer(uow, milestone, response)


@router.post(
    f"{_ONE}/deliver",
    dependencies=[requires("executor:write")],
    summary="Deliver a milestone",
    responses=_CHANGES,
)
async def deliver_milestone(
    plan_id: UUID, milestone_key: str, uow: IdempotentWork, expected: Expected, response: Response
) -> Milestone:
    """It now waits for its acceptance, by somebody else."""
    plan, milestone = await _held(uow, plan_id, milestone_key, expected)
    await _step(uow, plan, milestone, "deliver")
    milestone.at_risk = False
    milestone.delivered_by = uow.actor.sub
    milestone.delivered_at = uow.clock.now()
    return await _answer(uow, milestone, response)


@router.post(
    f"{_ONE}/accept",
    dependencies=[requires("executor:approve")],
    summary="Accept a milestone",
    responses=document(Conflict, Forbidden, PreconditionFailed, PreconditionRequired),
)
async def accept_milestone(
    plan_id: UUID,
    milestone_key: str,
    body: Acceptance,
    uow: IdempotentWork,
    own: OwnAccount,
    expected: Expected,
    response: Response,
) -> Milestone:
    """By the customer, or by anybody who did not deliver it. The day counts for the payment that it releases:
    it lies between the contract's first day and today. The last acceptance completes the plan."""
    plan, milestone = await _held(uow, plan_id, milestone_key, expected, own)
    with as_problems():
        require_second_person(milestone.delivered_by, uow.actor.sub)
    await _step(uow, plan, milestone, "accept")
    milestone.accepted_by = uow.actor.sub
    milestone.accepted_on = _day_of(body, plan, uow)
    await _tell_acceptance(uow, plan, milestone, milestone.accepted_on)
    return await _answer(uow, milestone, response)


@router.post(
    f"{_ONE}/reject",
    dependencies=[requires("executor:approve")],
    summary="Reject a milestone",
    responses=_CHANGES,
)
async def reject_milestone(
    plan_id: UUID,
    milestone_key: str,
    body: Because,
    uow: IdempotentWork,
    own: OwnAccount,
    expected: Expected,
    response: Response,
) -> Milestone:
    """What was delivered is not what was promised, and why; `resume` takes it up again."""
    plan, milestone = await _held(uow, plan_id, milestone_key, expected, own)
    await _step(uow, plan, milestone, "reject")
    milestone.reason = body.reason
    event = MilestoneRejected(
        **about_milestone(plan, milestone), rejected_by=uow.actor.sub, reason=body.reason
    )
    await uow.emit(event, subject=plan.id)
    return await _answer(uow, milestone, response)


async def _held(
    uow: UnitOfWork, plan_id: UUID, key: str, expected: ExpectedVersion, own: UUID | None = None
) -> tuple[PlanRow, MilestoneRow]:
    """The milestone at the version that was read, and its plan, which nobody else changes meanwhile."""
    plan = await Plans(uow, own).held(plan_id)
    milestone = await Milestones(uow).get(plan.id, key)
    expected.check(milestone.version)
    return plan, milestone


async def _step(uow: UnitOfWork, plan: PlanRow, milestone: MilestoneRow, action: MilestoneAction) -> None:
    with as_problems():
        require_open(plan.life, action)
        milestone.step(action)
    await Plans(uow).begin(plan)


async def _tell_acceptance(uow: UnitOfWork, plan: PlanRow, milestone: MilestoneRow, day: date) -> None:
    uow.count(MILESTONES_ACCEPTED)
    event = MilestoneAccepted(
        **about_milestone(plan, milestone),
        accepted_on=day,
        accepted_by=uow.actor.sub,
        driver_keys=tuple(milestone.driver_keys),
        term_id=milestone.term_id,
    )
    await uow.emit(event, subject=plan.id)
    if await Milestones(uow).all_accepted(plan.id):
        await Plans(uow).step(plan, "complete")
        uow.count(PLANS_COMPLETED)
        await uow.emit(PlanCompleted(**about(plan)), subject=plan.id)


def _day_of(body: Acceptance, plan: PlanRow, uow: UnitOfWork) -> date:
    day = body.accepted_on or today(plan, uow)
    refuse_future(day, plan, uow, pointer="/accepted_on")
    if day < plan.effective_on:
        raise out_of_range("Nothing is accepted before the contract takes effect.", "/accepted_on")
    return day


async def _answer(uow: UnitOfWork, milestone: MilestoneRow, response: Response) -> Milestone:
    await uow.session.flush()
    return _shown(milestone, response)


def _shown(milestone: MilestoneRow, response: Response) -> Milestone:
    set_etag(response, milestone.version)
    return plan_views.milestone(milestone)
