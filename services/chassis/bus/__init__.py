"""The event bus: at-least-once delivery from the relay to every consumer, with retry and dead letters.

Two adapters behave alike under one suite: `LocalBus` delivers in process and keeps what fails in the
consumer's own tables, `RabbitBus` leaves both to a broker.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.chassis.inbox import Consumer
from services.schemas.envelope import Envelope


class PublishFailed(Exception):
    """The bus has not confirmed the message: it may or may not arrive, and must be published again."""


class BusAway(Exception):
    """The bus cannot be reached at this moment."""


class Bus(Protocol):
    """Where the relay publishes and consumers subscribe."""

    @property
    def kind(self) -> str:
        """`local` or `rabbit`."""
        ...

    async def publish(self, envelope: Envelope) -> None:
        """Returns once the message is safe: handled, or durably kept for every consumer of its type.

        Raises:
            PublishFailed: it is not; publishing again is always right, as the inbox drops repetitions.
        """
        ...

    def subscribe(self, consumer: Consumer) -> AbstractAsyncContextManager[None]:
        """While entered, messages reach the consumer; leaving waits for those it has in hand."""
        ...

    async def ping(self) -> None:
        """Raises:
        BusAway: it cannot be reached now; consumers and publishers come back by themselves.
        """
        ...

    async def close(self) -> None:
        """Lets go of every connection."""
        ...


__all__ = ["Bus", "BusAway", "PublishFailed"]
