"""The world of a saga for real: two services on PostgreSQL, and a bus whose messages the test holds."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from uuid import UUID

from sqlalchemy import func, select, update

from services.chassis.actor import Actor
from services.chassis.bus.local import LocalBus
from services.chassis.business import uncounted
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.database import Database
from services.chassis.handlers import Handlers
from services.chassis.ids import new_id
from services.chassis.inbound import Inbound
from services.chassis.inbox import Consumer
from services.chassis.outbox import Outbox
from services.chassis.relay import Relay
from services.chassis.sagas import Sagas, SagaStatus
from services.chassis.sagas.definition import Definitions
from services.chassis.sagas.replies import Replies
from services.chassis.sagas.runner import SagaRunner
from services.chassis.sagas.store import LogRow, SagaRow, SagaStore
from services.chassis.tables import sagas
from services.chassis.telemetry.metrics import Metrics
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.envelope import CommandEnvelope, Envelope
from tests.chassis.probe import effects, notes
from tests.chassis.sagas.model import End
from tests.chassis.sagas.shapes import Blow, Blows, Story
from tests.chassis.sagas.trips import agency
from tests.harness.databases import login_url

SERVICES = ("probe", "listener")
_MOST = 500


class Crash(Exception):
    """The process is gone."""


class Luck(Enum):
    """What becomes of a service's next commit."""

    GOOD = auto()
    LOST = auto()
    KEPT_BUT_NOBODY_KNOWS = auto()


class _UnluckyUnit(UnitOfWork):
    luck = Luck.GOOD

    async def commit(self) -> None:
        if self.luck is Luck.LOST:
            raise Crash
        await super().commit()
        if self.luck is Luck.KEPT_BUT_NOBODY_KNOWS:
            raise Crash


class UnluckyDatabase(Database):
    """A database whose user crashes at a commit when the test says so, and counts the commits."""

    luck = Luck.GOOD

    def unit_of_work(self, actor: Actor) -> UnitOfWork:
        lucky = super().unit_of_work(actor)
        unit = _UnluckyUnit(lucky.session, lucky.actor, lucky.clock, uncounted)
        unit.luck, self.luck = self.luck, Luck.GOOD
        return unit


class _HeldBus(LocalBus):
    """Keeps what is published of one tenant in the test's hand; what earlier tests left is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Envelope] = []
        self.tenant: UUID | None = None

    async def publish(self, envelope: Envelope) -> None:
        if envelope.tenant == self.tenant:
            self.held.append(envelope)


@dataclass
class World:
    """Runs stories, each in a tenant of its own."""

    databases: dict[str, UnluckyDatabase]
    bus: _HeldBus = field(default_factory=_HeldBus)

    async def start(self, story: Story) -> "Run":
        actor = Actor(new_id(), "ada")
        async with self.databases["probe"].unit_of_work(actor) as uow:
            saga_id = await Sagas(uow).start(story.saga, story.trip, story.trip.trip_id)
            await uow.commit()
        self.bus.held.clear()
        self.bus.tenant = actor.tenant
        return Run(self, story, actor, saga_id)


@asynccontextmanager
async def world(owner_url: str) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        databases = {}
        for key in SERVICES:
            databases[key] = UnluckyDatabase(
                login_url(owner_url, key),
                login_url(owner_url, f"{key}_system"),
                schema=key,
                clock=SYSTEM_CLOCK,
            )
            stack.push_async_callback(databases[key].close)
        yield World(databases)


class Run:
    """One saga under way; `flying` are its messages."""

    def __init__(self, world: World, story: Story, actor: Actor, saga_id: UUID) -> None:
        self._world = world
        self._story = story
        self._actor = actor
        self._saga_id = saga_id
        self._definitions = Definitions([story.saga])
        self._consumers = {key: self._consumer(key) for key in SERVICES}
        self.flying = world.bus.held

    def _consumer(self, key: str) -> Consumer:
        inbound = Inbound(events=Handlers(), commands=agency(), replies=Replies(self._definitions))
        return Consumer(key, inbound, self._world.databases[key], metrics=Metrics(key))

    async def suffer(self, blows: Blows) -> None:
        for blow, place in blows:
            await self.publish()
            if blow is Blow.TIME_PASSES:
                await self.time_passes()
            elif blow is Blow.RUNNER_CRASHES:
                await self.time_passes(Luck.LOST if place % 2 else Luck.KEPT_BUT_NOBODY_KNOWS)
            elif self.flying:
                await self._meet(blow, place % len(self.flying))

    async def _meet(self, blow: Blow, place: int) -> None:
        match blow:
            case Blow.DELIVERED:
                await self.deliver(self.flying.pop(place))
            case Blow.DOUBLED:
                await self.deliver(self.flying[place])
            case Blow.LOST:
                self.flying.pop(place)
            case Blow.CRASH_BEFORE_COMMIT:
                await self.deliver(self.flying[place], Luck.LOST)
            case Blow.CRASH_AFTER_COMMIT:
                await self.deliver(self.flying[place], Luck.KEPT_BUT_NOBODY_KNOWS)

    async def publish(self) -> None:
        """What the relays do."""
        for key in SERVICES:
            outbox = Outbox(self._world.databases[key], source=key, clock=SYSTEM_CLOCK)
            while await Relay(outbox, self._world.bus, metrics=Metrics(key)).run_once():
                pass

    async def deliver(self, envelope: Envelope, luck: Luck = Luck.GOOD) -> None:
        """What the bus does; a crash leaves the message where it was."""
        assert isinstance(envelope, CommandEnvelope)
        self._world.databases[envelope.to].luck = luck
        try:
            await self._consumers[envelope.to].receive(envelope)
        except Crash:
            pass
        finally:
            self._world.databases[envelope.to].luck = Luck.GOOD

    async def time_passes(self, luck: Luck = Luck.GOOD) -> None:
        """As long as the saga waits; then the runner looks."""
        await self.wait_over()
        self._world.databases["probe"].luck = luck
        await self.runner().run_once()
        self._world.databases["probe"].luck = Luck.GOOD

    async def wait_over(self) -> None:
        """As long as the saga waits."""
        async with self._world.databases["probe"].unit_of_work(self._actor) as uow:
            past = func.now() - timedelta(seconds=1)
            await uow.session.execute(update(sagas).where(sagas.c.due_at.is_not(None)).values(due_at=past))
            await uow.commit()

    def runner(self, metrics: Metrics | None = None, *, lease: timedelta = timedelta(0)) -> SagaRunner:
        """A replica's; by default its leases have run out as soon as they are taken."""
        return SagaRunner(
            self._definitions,
            self._world.databases["probe"],
            source="probe",
            metrics=metrics or Metrics("probe"),
            wake=lambda: None,
            lease=lease,
        )

    async def log(self) -> list[LogRow]:
        async with self._world.databases["probe"].unit_of_work(self._actor) as uow:
            return await SagaStore(uow).log_of(self._saga_id)

    async def settle(self, *, newest_first: bool = False) -> None:
        """Everything arrives, and the saga ends."""
        for _ in range(_MOST):
            if not await self.step(newest_first=newest_first):
                return
        raise AssertionError("it never ends")

    async def step(self, *, newest_first: bool = False) -> bool:
        """The next message arrives; where none is in flight time passes. False if the saga has ended."""
        await self.publish()
        if self.flying:
            await self.deliver(self.flying.pop(-1 if newest_first else 0))
        elif not (await self.saga()).state.status.is_end:
            await self.time_passes()
        else:
            return False
        return True

    async def saga(self) -> SagaRow:
        async with self._world.databases["probe"].unit_of_work(self._actor) as uow:
            row = await SagaStore(uow).find(self._saga_id)
        assert row is not None
        return row

    async def end(self) -> End:
        """What is left in both databases."""
        state, done = (await self.saga()).state, Counter[tuple[str, int]]()
        for database in self._world.databases.values():
            async with database.unit_of_work(self._actor) as uow:
                for row in await uow.session.execute(select(effects.c.subject, effects.c.sequence)):
                    done[row.subject.partition(" ")[2], row.sequence] += 1
        return End(state.status, state.reason, done)

    async def last_words(self) -> list[str]:
        """What the callbacks wrote, without the trip."""
        async with self._world.databases["probe"].unit_of_work(self._actor) as uow:
            return [text.partition(" ")[2] for text in await uow.session.scalars(select(notes.c.text))]


def words_of(end: End) -> str:
    """What the callback of a saga that ended so has written."""
    return "booked" if end.status is SagaStatus.DONE else f"not booked: {end.reason}"
