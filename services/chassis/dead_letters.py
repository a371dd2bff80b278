"""Dead letters of one consumer: to look at, and to replay once their cause is gone.

Both buses keep them: the in-process one in the consumer's own table, RabbitMQ in the consumer's dead queue.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pydantic import ValidationError

from services.chassis.bus.broker import Broker
from services.chassis.bus.consumption import ATTEMPTS, ERROR
from services.chassis.bus.topology import consumer_exchange, consumer_queue, dead_queue
from services.chassis.database import Database
from services.chassis.parking import Parking
from services.schemas.envelope import CONTENT_TYPE, Envelope, parse_envelope

_MOST = 1000
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that nobody tries any more; `envelope` is None if it never was one."""

    consumer: str
    envelope: Envelope | None
    attempts: int
    dead_since: datetime | None
    error: str


class DeadLetters(Protocol):
    """One consumer's dead letters."""

    async def oldest(self, *, limit: int = _MOST) -> list[DeadLetter]:
        """Up to so many, which stay where they are."""
        ...

    async def replay(self, message_id: UUID | None = None) -> int:
        """Gives one message (None: all of them) back to the consumer with all its attempts; how many were."""
        ...


class ParkedDeadLetters:
    """Those of the in-process bus."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._parking = Parking(database, consumer)
        self._consumer = consumer

    async def oldest(self, *, limit: int = _MOST) -> list[DeadLetter]:
        return [
            DeadLetter(self._consumer, dead.envelope, dead.attempts, dead.dead_since, dead.error)
            for dead in await self._parking.dead(limit=limit)
        ]

    async def replay(self, message_id: UUID | None = None) -> int:
        envelopes = [dead.envelope for dead in await self._parking.dead(limit=_MOST)]
        chosen = [envelope for envelope in envelopes if message_id in {None, envelope.id}]
        return sum([await self._parking.revive(envelope.tenant, envelope.id) for envelope in chosen])


class RabbitDeadLetters:
    """Those of RabbitMQ. Whoever looks takes them for a moment and gives them back untouched."""

    def __init__(self, url: str, consumer: str) -> None:
        self._url = url
        self._consumer = consumer

    async def oldest(self, *, limit: int = _MOST) -> list[DeadLetter]:
        async with self._taken(limit) as (messages, _):
            return [self._letter(message) for message in messages]

    async def replay(self, message_id: UUID | None = None) -> int:
        replayed = 0
        async with self._taken(_MOST) as (messages, channel):
            for message in messages:
                envelope = self._letter(message).envelope
                if message_id is None or (envelope is not None and envelope.id == message_id):
                    await self._give_back(message, channel)
                    replayed += 1
        return replayed

    async def _give_back(self, message: AbstractIncomingMessage, channel: AbstractChannel) -> None:
        copy = Message(message.body, content_type=CONTENT_TYPE, delivery_mode=DeliveryMode.PERSISTENT)
        exchange = await channel.get_exchange(consumer_exchange(self._consumer), ensure=False)
        await exchange.publish(copy, consumer_queue(self._consumer), mandatory=True)
        await message.ack()

    @asynccontextmanager
    async def _taken(
        self, limit: int
    ) -> AsyncIterator[tuple[list[AbstractIncomingMessage], AbstractChannel]]:
        """The oldest messages; those that are not acknowledged go back when the connection closes."""
        broker = Broker(self._url, "dead-letters")
        try:
            async with asyncio.timeout(_PATIENCE_S):
                channel = await broker.publisher()
                queue = await channel.get_queue(dead_queue(self._consumer), ensure=False)
                messages: list[AbstractIncomingMessage] = []
                while len(messages) < limit and (message := await queue.get(fail=False)) is not None:
                    messages.append(message)
                yield messages, channel
        finally:
            await broker.close()

    def _letter(self, message: AbstractIncomingMessage) -> DeadLetter:
        try:
            envelope = parse_envelope(message.body)
        except ValidationError:
            envelope = None
        attempts = message.headers.get(ATTEMPTS, 0)
        return DeadLetter(
            consumer=self._consumer,
            envelope=envelope,
            attempts=attempts if isinstance(attempts, int) else 0,
            dead_since=message.timestamp,
            error=str(message.headers.get(ERROR, "delivered too often without an answer")),
        )
