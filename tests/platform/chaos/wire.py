"""The wire between a saga and its participants, in the test's hands: each command and reply goes over it
twice, in a seeded disorder, and may be held.

The broker's own bindings are taken away for that time, and a queue of the test's put in their place.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import aio_pika
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from services.chassis.bus.topology import COMMANDS_EXCHANGE, consumer_exchange, consumer_queue
from services.schemas.directory import SERVICES
from services.schemas.envelope import CONTENT_TYPE, REPLY_TYPE, CommandEnvelope, parse_envelope
from tests.harness.waiting import eventually

COPIES = 2
_LONGEST_DELAY_S = 0.25
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Place:
    """Where a saga stands: a step is commanded or answered, or its compensation is."""

    step: str
    is_compensation: bool = False
    is_reply: bool = False

    @property
    def name(self) -> str:
        thing = "reply to" if self.is_reply else "command of"
        return f"{thing} {'the compensation of ' if self.is_compensation else ''}{self.step}"

    def is_of(self, envelope: CommandEnvelope) -> bool:
        return (envelope.step, envelope.compensation, envelope.type == REPLY_TYPE) == (
            self.step,
            self.is_compensation,
            self.is_reply,
        )


@dataclass
class Hold:
    """What passes a place waits there until it is released."""

    place: Place
    _reached: asyncio.Event = field(default_factory=asyncio.Event)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    async def reached(self) -> None:
        """Returns when something waits."""
        async with asyncio.timeout(_PATIENCE_S):
            await self._reached.wait()

    def release(self) -> None:
        self._released.set()

    async def passed(self) -> None:
        self._reached.set()
        await self._released.wait()


class Wire:
    """Carries what comes; `carried` counts the messages, each copy once more."""

    def __init__(self, channel: AbstractChannel, chance: random.Random) -> None:
        self._channel = channel
        self._chance = chance
        self._holds: list[Hold] = []
        self._in_hand: set[asyncio.Task[None]] = set()
        self.carried = 0

    def hold(self, place: Place) -> Hold:
        """From now on, until it is released."""
        hold = Hold(place)
        self._holds.append(hold)
        return hold

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Carries a message, beside the others."""
        await message.ack()
        task = asyncio.create_task(self._carry(message.body))
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)

    async def finish(self) -> None:
        """Lets go of everything, and returns when all has arrived."""
        for hold in self._holds:
            hold.release()
        while self._in_hand:
            await asyncio.gather(*self._in_hand)

    async def _carry(self, body: bytes) -> None:
        envelope = parse_envelope(body)
        assert isinstance(envelope, CommandEnvelope)
        for hold in self._holds:
            if hold.place.is_of(envelope):
                await hold.passed()
        delays = [self._chance.uniform(0, _LONGEST_DELAY_S) for _ in range(COPIES)]
        await asyncio.gather(*(self._deliver(envelope, body, delay) for delay in delays))

    async def _deliver(self, envelope: CommandEnvelope, body: bytes, delay: float) -> None:
        await asyncio.sleep(delay)
        exchange = await self._channel.get_exchange(consumer_exchange(envelope.to), ensure=False)
        copy = Message(
            body,
            content_type=CONTENT_TYPE,
            message_id=str(envelope.id),
            type=envelope.type,
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        await exchange.publish(copy, consumer_queue(envelope.to))
        self.carried += 1


_numbers = count()


@asynccontextmanager
async def tapped(amqp_url: str, seed: object) -> AsyncIterator[Wire]:
    """The wire of the broker's virtual host, for the length of the block."""
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        wire = Wire(channel, random.Random(f"{seed}"))  # noqa: S311  # a seed
        commands = await channel.get_exchange(COMMANDS_EXCHANGE, ensure=False)
        tap = await channel.declare_queue(f"tap-{next(_numbers)}", exclusive=True)
        queues = {key: await channel.get_queue(consumer_queue(key), ensure=False) for key in SERVICES}
        consuming = await tap.consume(wire.take)
        for key, queue in queues.items():
            await tap.bind(commands, key)
            await queue.unbind(commands, key)
        try:
            yield wire
        finally:
            for key, queue in queues.items():
                await queue.bind(commands, key)
                await tap.unbind(commands, key)
            await _until_empty(channel, tap.name)
            await tap.cancel(consuming)
            await wire.finish()


async def _until_empty(channel: AbstractChannel, name: str) -> None:
    async def is_empty() -> bool:
        queue = await channel.declare_queue(name, exclusive=True, passive=True)
        return not queue.declaration_result.message_count

    await eventually(is_empty, within_s=_PATIENCE_S)
