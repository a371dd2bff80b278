"""The bus inside one process: delivers from the relay straight to the consumers, durably.

What a broker's queues would hold, the database does: a message whose first delivery fails is parked in the
consumer's own table, and is safe from then on. If not even that can be done, it stays in the outbox.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

import structlog

from services.chassis import grace
from services.chassis.bus import PublishFailed
from services.chassis.inbox import Consumer
from services.chassis.parking import Parking
from services.chassis.retries import describe
from services.schemas.envelope import CommandEnvelope, Envelope
from services.schemas.events import EVENTS, EventSpec

log = structlog.get_logger(__name__)


class LocalBus:
    """Delivers to the consumers of this process.

    `services` are the keys of those that are meant to run here; by default all that the catalogue names.
    A message is not confirmed before they have subscribed, so that nothing is lost while they start.
    """

    kind = "local"

    def __init__(
        self,
        *,
        catalogue: Sequence[EventSpec] = EVENTS,
        services: Collection[str] | None = None,
    ) -> None:
        self._consumers_of = {
            spec.type: sorted(spec.consumers if services is None else spec.consumers & set(services))
            for spec in catalogue
        }
        self._subscriptions: dict[str, _Subscription] = {}

    async def publish(self, envelope: Envelope) -> None:
        names = self._addressees_of(envelope)
        missing = [name for name in names if name not in self._subscriptions]
        if missing:
            raise PublishFailed(f"Not here yet: {', '.join(missing)}.")
        deliveries = [self._subscriptions[name].deliver(envelope) for name in names]
        failures = [
            failure
            for failure in await asyncio.gather(*deliveries, return_exceptions=True)
            if isinstance(failure, BaseException)
        ]
        if failures:
            raise PublishFailed("; ".join(map(describe, failures))) from failures[0]

    def _addressees_of(self, envelope: Envelope) -> list[str]:
        if isinstance(envelope, CommandEnvelope):
            return [envelope.to]
        names = self._consumers_of.get(envelope.type)
        if names is None:
            raise PublishFailed(f"{envelope.type} is not in the published language.")
        return names

    @asynccontextmanager
    async def subscribe(self, consumer: Consumer) -> AsyncIterator[None]:
        if consumer.name in self._subscriptions:
            raise ValueError(f"{consumer.name} has subscribed already")
        subscription = _Subscription(consumer)
        self._subscriptions[consumer.name] = subscription
        try:
            yield
        finally:
            del self._subscriptions[consumer.name]
            await subscription.finish(grace.MESSAGES_S)

    async def ping(self) -> None:
        """It is always there."""

    async def close(self) -> None:
        """There is nothing to let go of: the relays hold what was not delivered."""


class _Subscription:
    """One consumer on the bus."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._parking = Parking(consumer.database, consumer.name)
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def deliver(self, envelope: Envelope) -> None:
        """Returns once the message is handled or parked; raises if it is neither."""
        self._in_hand += 1
        self._idle.clear()
        try:
            await self._deliver(envelope)
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()

    async def finish(self, grace_s: float) -> None:
        """Waits for the messages in hand; those that take longer stay in the outbox, and come again."""
        try:
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
        except TimeoutError:
            log.warning("messages_abandoned", consumer=self._consumer.name, messages=self._in_hand)

    async def _deliver(self, envelope: Envelope) -> None:
        failure = await self._consumer.attempt(envelope, 1)
        if failure is not None:
            await self._parking.park(envelope, failure.pause, failure.error)
