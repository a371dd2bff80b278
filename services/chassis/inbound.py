"""All that reaches a service over the bus, sorted: events, commands of sagas, and replies to its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.chassis.commands import Commands
from services.chassis.handlers import Handlers
from services.chassis.sagas.replies import Replies
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.envelope import REPLY_TYPE, CommandEnvelope, Envelope


@dataclass(frozen=True)
class Inbound:
    """One service's handlers of every kind."""

    events: Handlers
    commands: Commands
    replies: Replies

    @property
    def types(self) -> frozenset[str]:
        """The types that are handled here."""
        replies = {REPLY_TYPE} if self.replies.definitions.names else set()
        return self.events.types | self.commands.types | replies

    def resolve(self, envelope: Envelope) -> Callable[[UnitOfWork], Awaitable[None]]:
        """Raises:
        Poison: nothing here handles it.
        """
        if not isinstance(envelope, CommandEnvelope):
            return self.events.resolve(envelope)
        if envelope.type == REPLY_TYPE:
            return self.replies.resolve(envelope)
        return self.commands.resolve(envelope)
