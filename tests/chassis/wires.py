"""Both buses, ready for the probe and the listener: what the suite of the seam runs on."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aio_pika

from services.chassis.bus import Bus
from services.chassis.bus.local import LocalBus
from services.chassis.bus.rabbit import RabbitBus
from services.chassis.bus.topology import declare, topology
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.database import Database
from services.chassis.dead_letters import DeadLetters, ParkedDeadLetters, RabbitDeadLetters
from services.chassis.handlers import Handlers
from services.chassis.inbox import Consumer
from services.chassis.outbox import Outbox
from services.chassis.redelivery import Redelivery
from services.chassis.relay import Relay
from services.chassis.retries import RetryPolicy
from services.chassis.telemetry.metrics import Metrics
from tests.chassis.probe import CATALOGUE

RETRY = RetryPolicy(delays=(timedelta(milliseconds=50), timedelta(milliseconds=100)), attempts=3)
TOPOLOGY = topology(CATALOGUE, RETRY)


@dataclass(frozen=True)
class Wire:
    """A bus, and where the dead letters of a consumer on it are."""

    bus: Bus
    dead_letters: Callable[[Consumer], DeadLetters]

    @asynccontextmanager
    async def consuming(self, *consumers: Consumer) -> AsyncIterator[None]:
        """The consumers with all that an app runs for them."""
        async with AsyncExitStack() as stack:
            for consumer in consumers:
                await stack.enter_async_context(self.bus.subscribe(consumer))
                redelivery = Redelivery(consumer)
                redelivery.interval_s = 0.05
                await stack.enter_async_context(redelivery.running())
            yield


def consumer_of(name: str, handlers: Handlers, database: Database) -> Consumer:
    return Consumer(name, handlers, database, metrics=Metrics(name), retry=RETRY)


def relay_of(database: Database, bus: Bus, *, lease: timedelta = timedelta(seconds=10)) -> Relay:
    """A relay of the probe that polls often."""
    outbox = Outbox(database, source="probe", clock=SYSTEM_CLOCK)
    relay = Relay(outbox, bus, metrics=Metrics("probe"), lease=lease)
    relay.interval_s = 0.05
    return relay


@asynccontextmanager
async def local_wire() -> AsyncIterator[Wire]:
    bus = LocalBus(catalogue=CATALOGUE)
    yield Wire(bus, lambda consumer: ParkedDeadLetters(consumer.database, consumer.name))


@asynccontextmanager
async def rabbit_wire(url: str) -> AsyncIterator[Wire]:
    await declare(url, TOPOLOGY)
    await purge(url)
    bus = RabbitBus(url, catalogue=CATALOGUE)
    try:
        yield Wire(bus, lambda consumer: RabbitDeadLetters(url, consumer.name))
    finally:
        await bus.close()


async def purge(url: str) -> None:
    """Empties the queues that an earlier test left."""
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        for queue in TOPOLOGY.queues:
            await (await channel.get_queue(queue.name)).purge()


async def count_in(url: str, queue: str) -> int:
    """How many messages wait in a queue."""
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        found = await channel.declare_queue(queue, passive=True)
        return found.declaration_result.message_count or 0
