"""Relay, consumer and broker killed in turn, while rows are written all the time.

Every outbox row arrives, and every handler's effect happens once.
"""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.chassis.actor import Actor
from services.chassis.bus.topology import declare
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.outbox import Outbox
from services.chassis.tables import outbox
from services.launcher.child import Child, spawn
from tests.chassis.messages import effects_of
from tests.chassis.probe import MIGRATIONS, write_note
from tests.chassis.wires import TOPOLOGY
from tests.harness.databases import migrations_of, service_database, templated_database
from tests.harness.waiting import eventually
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitProcess

pytestmark = pytest.mark.chaos

ROOT = Path(__file__).parents[2]
SEED = 20261124
ROUNDS = 3
SUBJECTS = 20
WRITE_EVERY_S = 0.01


class Program:
    """The relay or the consumer, in a process of its own that comes back after each kill."""

    def __init__(self, role: str, addresses: dict[str, str], folder: Path) -> None:
        self._role = role
        self._addresses = addresses
        self._log = folder / f"{role}.log"
        self._child = self._spawn()

    def _spawn(self) -> Child:
        with self._log.open("ab") as log:
            return spawn(
                [sys.executable, "-m", "tests.chassis.probe.program", self._role],
                dies_by=signal.SIGKILL,
                log=log,
                env=os.environ | self._addresses,
                cwd=ROOT,
            )

    def kill(self) -> None:
        assert not self._child.ended, f"the {self._role} ended by itself: see {self._log}"
        self._child.stop(signal.SIGKILL, grace=10)

    def restart(self) -> None:
        self.kill()
        self._child = self._spawn()


class Writer:
    """Writes notes about the same subjects until it is told to stop."""

    def __init__(self, database: Database, actor: Actor) -> None:
        self._database = database
        self._actor = actor
        self._subjects = [new_id() for _ in range(SUBJECTS)]
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        while not self.stopping.is_set():
            for subject in self._subjects:
                async with self._database.unit_of_work(self._actor) as uow:
                    await write_note(uow, "hello", note_id=subject)
                    await uow.commit()
                await asyncio.sleep(WRITE_EVERY_S)


@pytest.fixture
async def owner_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    services = [migrations_of(postgres_server.owner_url, key, MIGRATIONS) for key in ("probe", "listener")]
    async with templated_database(postgres_server, "probe", services) as url:
        yield url


@pytest.fixture
async def probe(owner_url: str) -> AsyncIterator[Database]:
    async with service_database(owner_url, "probe") as database:
        yield database


@pytest.fixture
async def listener(owner_url: str) -> AsyncIterator[Database]:
    async with service_database(owner_url, "listener") as database:
        yield database


async def test_nothing_is_lost_and_nothing_happens_twice(
    owner_url: str, probe: Database, listener: Database, own_rabbitmq: RabbitProcess, tmp_path: Path
) -> None:
    ada = Actor(new_id(), "ada")
    await declare(own_rabbitmq.server.url, TOPOLOGY)
    addresses = {"OWNER_URL": owner_url, "RABBITMQ_URL": own_rabbitmq.server.url}
    relay, consumer = (Program(role, addresses, tmp_path) for role in ("relay", "consumer"))
    writer = Writer(probe, ada)
    writing = asyncio.create_task(writer.run())

    async def published() -> int:
        return await count_published(probe)

    async def handled() -> int:
        return len(await effects_of(listener, ada))

    chance = random.Random(SEED)  # noqa: S311  # seeded, so that a failure comes again
    for turn in range(ROUNDS):
        for program, count in ((relay, published), (consumer, handled)):
            await at_work(count)
            await asyncio.sleep(chance.uniform(0, 0.5))
            program.restart()
        if turn == 0:
            await at_work(handled)
            own_rabbitmq.kill()
            await asyncio.sleep(chance.uniform(0, 0.5))
            own_rabbitmq.start()
    await at_work(handled)
    writer.stopping.set()
    await writing

    await eventually(lambda: nothing_waits(probe), within_s=30)
    async with probe.unit_of_work(ada) as uow:
        written = (await uow.session.scalars(select(outbox.c.id))).all()

    async def all_arrived() -> bool:
        return len(set(await effects_of(listener, ada))) == len(written)

    await eventually(all_arrived, within_s=30)
    repeated = [message for message, times in Counter(await effects_of(listener, ada)).items() if times > 1]
    assert repeated == []
    assert set(await effects_of(listener, ada)) == set(written)
    relay.kill()
    consumer.kill()


async def at_work(count: Callable[[], Awaitable[int]]) -> None:
    """Waits until something moves: whoever is killed next is killed at work."""
    before = await count()

    async def moved() -> bool:
        return await count() >= before + 10

    await eventually(moved, within_s=30)


async def count_published(database: Database) -> int:
    async with database.system() as connection:
        published = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_not(None))
        return int(await connection.scalar(published) or 0)


async def nothing_waits(database: Database) -> bool:
    return (await Outbox(database, source="probe", clock=SYSTEM_CLOCK).backlog()).rows == 0
