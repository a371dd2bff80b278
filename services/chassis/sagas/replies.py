"""The conductor's end of the bus: a reply moves its saga on, in one transaction with what follows."""

from collections.abc import Awaitable, Callable

from services.chassis.handlers import Poison, data_of
from services.chassis.sagas.conductor import advance
from services.chassis.sagas.decisions import Answered
from services.chassis.sagas.definition import Definitions
from services.chassis.sagas.store import SagaStore
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.envelope import CommandEnvelope, Reply


class Replies:
    """Handles the replies to the sagas of one service; one that comes late or again changes nothing."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions

    def resolve(self, envelope: CommandEnvelope) -> Callable[[UnitOfWork], Awaitable[None]]:
        """Raises:
        InvalidPayload: the data is not a reply's.
        """
        reply = data_of(envelope, Reply)
        refusal = None if reply.outcome == "done" else reply.reason or "refused"

        async def handle(uow: UnitOfWork) -> None:
            row = await SagaStore(uow).lock(envelope.saga_id)
            if row is None:
                raise Poison(f"There is no saga {envelope.saga_id}.")
            await advance(uow, self.definitions.named(row.name), row, Answered(envelope.command_id, refusal))

        return handle
