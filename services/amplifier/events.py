"""What the amplifier does about commands of sagas and events of others, and what it says of itself."""

from typing import Any
from uuid import UUID

from services.amplifier.domain.admission import Inadmissible, require_admissible
from services.amplifier.domain.lifecycle import PLAN_TRANSITIONS, PlanAction
from services.amplifier.store.plans import PlanRow, Plans
from services.amplifier.store.ramps import RampStarts
from services.chassis.commands import Command, Commands, Refused
from services.chassis.handlers import Event, Handlers
from services.chassis.runtime import Runtime
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.commands import CancelSuccessPlan, CreateSuccessPlan
from services.schemas.events.committer import ContractTerminated
from services.schemas.events.executor import MilestoneAccepted


def handlers(_runtime: Runtime) -> Handlers:
    """The handlers of one app."""
    table = Handlers()

    @table.on(MilestoneAccepted)
    async def start_ramps(uow: UnitOfWork, event: Event[MilestoneAccepted]) -> None:
        accepted = event.payload
        await RampStarts(uow).note(accepted.contract_id, accepted.driver_keys, accepted.accepted_on)

    @table.on(ContractTerminated)
    async def stop(uow: UnitOfWork, event: Event[ContractTerminated]) -> None:
        await _end(uow, event.payload.contract_id, "terminate")

    return table


def commands(_runtime: Runtime) -> Commands:
    """What the amplifier does in sagas."""
    table = Commands()

    @table.on(CreateSuccessPlan)
    async def create(uow: UnitOfWork, command: Command[CreateSuccessPlan]) -> None:
        await create_success_plan(uow, command.payload)

    @table.on(CancelSuccessPlan)
    async def cancel(uow: UnitOfWork, command: Command[CancelSuccessPlan]) -> None:
        await cancel_success_plan(uow, command.payload)

    return table


async def create_success_plan(uow: UnitOfWork, command: CreateSuccessPlan) -> None:
    """Makes a contract's success plan, whose model is fetched later; the same one that is there already stays
    as it is.

    Raises:
        Refused: the plan is not admissible, or the contract has another one.
    """
    try:
        made = await open_plan(uow, command)
    except Inadmissible as error:
        raise Refused(error.reason) from error
    if made is None and not await Plans(uow).have(command):
        raise Refused("The contract has another success plan, which somebody made by hand.")


async def cancel_success_plan(uow: UnitOfWork, command: CancelSuccessPlan) -> None:
    """Undoes `create_success_plan`; a contract without a plan has nothing to undo."""
    await _end(uow, command.contract_id, "cancel")


async def open_plan(uow: UnitOfWork, command: CreateSuccessPlan) -> PlanRow | None:
    """A new plan; None if the contract has one already that is not cancelled.

    Raises:
        Inadmissible: see `require_admissible`.
    """
    require_admissible(command)
    return await Plans(uow).add(command)


async def _end(uow: UnitOfWork, contract_id: UUID, action: PlanAction) -> None:
    plan = await Plans(uow).held_of(contract_id)
    if plan is not None and (plan.life, action) in PLAN_TRANSITIONS:
        await Plans(uow).step(plan, action)


def about(plan: PlanRow) -> dict[str, Any]:
    """What every event of a plan says of it."""
    return {
        "success_plan_id": plan.id,
        "contract_id": plan.contract_id,
        "name": plan.name,
        "owner": plan.owner,
    }
