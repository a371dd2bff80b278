"""What the architect does about the commands of sagas and the events of others."""

from services.architect.store.holds import Holds
from services.architect.store.models import Models
from services.architect.store.proof_points import ProofPoints
from services.chassis.commands import Command, Commands, Refused
from services.chassis.handlers import Event, Handlers
from services.chassis.runtime import Runtime
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.commands import LockModel, UnlockModel
from services.schemas.events.amplifier import ProofPointPublished
from services.schemas.events.committer import ContractCompleted, ContractTerminated


def handlers(_runtime: Runtime) -> Handlers:
    """The handlers of one app."""
    table = Handlers()
    table.on(ContractCompleted)(let_go)
    table.on(ContractTerminated)(let_go)

    @table.on(ProofPointPublished)
    async def learn(uow: UnitOfWork, event: Event[ProofPointPublished]) -> None:
        await ProofPoints(uow).add(event.payload, event.occurred_at)

    return table


def commands(_runtime: Runtime) -> Commands:
    """What the architect does in sagas."""
    table = Commands()

    @table.on(LockModel)
    async def hold(uow: UnitOfWork, command: Command[LockModel]) -> None:
        await hold_version(uow, command.payload)

    @table.on(UnlockModel)
    async def undo(uow: UnitOfWork, command: Command[UnlockModel]) -> None:
        await Holds(uow).release(command.payload.contract_id)

    return table


async def hold_version(uow: UnitOfWork, command: LockModel) -> None:
    """Holds the approved version for the contract: until it ends, no other takes the version's place.

    Raises:
        Refused: the model has no approved version, or another than the one that the contract was made for.
    """
    version = await Models(uow).approved(command.model_id)
    if version is None or version.version_hash != command.version_hash:
        raise Refused("The model's approved version is not the one that the contract was made for.")
    await Holds(uow).add(command.contract_id, version)


async def let_go(uow: UnitOfWork, event: Event[ContractCompleted] | Event[ContractTerminated]) -> None:
    """The contract is over, and with it what it holds."""
    await Holds(uow).release(event.payload.contract_id)
