"""What the executor does about the commands of sagas and the events of others, and what it says of itself."""

from typing import Any
from uuid import UUID

from services.chassis.commands import Command, Commands, Refused
from services.chassis.handlers import Event, Handlers
from services.chassis.runtime import Runtime
from services.chassis.unit_of_work import UnitOfWork
from services.executor.domain.admission import Inadmissible, require_admissible
from services.executor.domain.lifecycle import OPEN_PLANS
from services.executor.store.milestones import MilestoneRow
from services.executor.store.plans import PlanRow, Plans
from services.schemas.commands import CancelPlan, CreatePlan
from services.schemas.events.committer import ContractTerminated
from services.schemas.events.executor import PlanCancelled, PlanCreated


def handlers(_runtime: Runtime) -> Handlers:
    """The handlers of one app."""
    table = Handlers()

    @table.on(ContractTerminated)
    async def stop(uow: UnitOfWork, event: Event[ContractTerminated]) -> None:
        await _cancel(uow, event.payload.contract_id)

    return table


def commands(_runtime: Runtime) -> Commands:
    """What the executor does in sagas."""
    table = Commands()

    @table.on(CreatePlan)
    async def create(uow: UnitOfWork, command: Command[CreatePlan]) -> None:
        await create_plan(uow, command.payload)

    @table.on(CancelPlan)
    async def cancel(uow: UnitOfWork, command: Command[CancelPlan]) -> None:
        await cancel_plan(uow, command.payload)

    return table


async def create_plan(uow: UnitOfWork, command: CreatePlan) -> None:
    """Makes a contract's plan; the same one that is there already stays as it is.

    Raises:
        Refused: the plan is not admissible, or the contract has another one.
    """
    try:
        made = await open_plan(uow, command)
    except Inadmissible as error:
        raise Refused(error.reason) from error
    if made is None and not await Plans(uow).have(command):
        raise Refused("The contract has another delivery plan, which somebody made by hand.")


async def cancel_plan(uow: UnitOfWork, command: CancelPlan) -> None:
    """Undoes `create_plan`; a contract without a plan, or with a completed one, has nothing to undo."""
    await _cancel(uow, command.contract_id)


async def open_plan(uow: UnitOfWork, command: CreatePlan) -> PlanRow | None:
    """A new plan; None if the contract has one already that is not cancelled.

    Raises:
        Inadmissible: see `require_admissible`.
    """
    require_admissible(command)
    plan = await Plans(uow).add(command)
    if plan is not None:
        await uow.emit(PlanCreated(**about(plan)), subject=plan.id)
    return plan


async def _cancel(uow: UnitOfWork, contract_id: UUID) -> None:
    plan = await Plans(uow).held_of(contract_id)
    if plan is None or plan.life not in OPEN_PLANS:
        return
    await Plans(uow).step(plan, "cancel")
    await uow.emit(PlanCancelled(**about(plan)), subject=plan.id)


def about(plan: PlanRow) -> dict[str, Any]:
    """What every event of a plan says of it."""
    return {"plan_id": plan.id, "contract_id": plan.contract_id, "name": plan.name, "owner": plan.owner}


def about_milestone(plan: PlanRow, milestone: MilestoneRow) -> dict[str, Any]:
    """What every event of a milestone says of it and of its plan."""
    return {
        **about(plan),
        "milestone_id": milestone.id,
        "milestone": milestone.key,
        "label": milestone.label,
    }
