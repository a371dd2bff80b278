"""The probe's relay, or the listener's consumer, as a process to be killed.

OWNER_URL=… RABBITMQ_URL=… python -m tests.chassis.probe.program relay|consumer
"""

import asyncio
import os
import sys
from datetime import timedelta

from services.chassis.bus.rabbit import RabbitBus
from tests.chassis.probe import CATALOGUE, listener
from tests.chassis.wires import consumer_of, relay_of
from tests.harness.databases import service_database


async def relay(owner_url: str, bus: RabbitBus) -> None:
    async with (
        service_database(owner_url, "probe") as database,
        relay_of(database, bus, lease=timedelta(seconds=2)).running(),
    ):
        await asyncio.Event().wait()


async def consumer(owner_url: str, bus: RabbitBus) -> None:
    async with (
        service_database(owner_url, "listener") as database,
        bus.subscribe(consumer_of("listener", listener(), database)),
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    role = {"relay": relay, "consumer": consumer}[sys.argv[1]]
    broker = RabbitBus(os.environ["RABBITMQ_URL"], catalogue=CATALOGUE)
    asyncio.run(role(os.environ["OWNER_URL"], broker))
