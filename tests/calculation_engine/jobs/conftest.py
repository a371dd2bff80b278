"""Replicas of the engine over a real database, with nothing running in them: tests turn the crank."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from services.calculation_engine.jobs.coordinator import Coordinator
from services.calculation_engine.jobs.operations import SIMULATIONS
from services.calculation_engine.jobs.queue import Labels, ShardQueue
from services.calculation_engine.jobs.shards import Shard
from services.calculation_engine.jobs.worker import Worker
from services.calculation_engine.settings import Settings
from services.calculation_engine.store.jobs import JobRow, Jobs
from services.chassis.actor import Actor
from services.chassis.bus.local import LocalBus
from services.chassis.cache import Cache
from services.chassis.cache.memory import MemoryCache
from services.chassis.clock import MovableClock
from services.chassis.ids import new_id
from services.chassis.registry import StaticRegistry
from services.chassis.runtime import Runtime
from services.chassis.seams import Seams
from services.launcher.configuration import embedded_settings
from services.launcher.rooms import ROOT, create_app
from services.schemas.simulation import SimulationRequest
from tests.calculation_engine.jobs.cases import a_simulation
from tests.harness.databases import migrations_of, templated_database
from tests.harness.platform import SECRETS
from tests.servers.postgres import PostgresServer

KEY = "calculation_engine"


class HeldQueue(ShardQueue):
    """The local queue, which notes what was sent instead of handing it out."""

    def __init__(self) -> None:
        super().__init__(sender=lambda: NotImplemented, worker=lambda: NotImplemented)
        self.sent: list[tuple[Shard, Labels]] = []

    async def send(self, shard: Shard, labels: Labels) -> None:
        self.sent.append((shard, labels))

    def taken(self) -> list[tuple[Shard, Labels]]:
        """What was sent since the last time."""
        sent, self.sent = self.sent, []
        return sent


@dataclass(frozen=True)
class Bench:
    """One replica: its coordinator and its worker are moved by hand."""

    app: FastAPI
    runtime: Runtime
    clock: MovableClock
    queue: HeldQueue
    coordinator: Coordinator
    worker: Worker

    async def add(self, draws: int, tenant: UUID | None = None) -> JobRow:
        """A new job of a tenant, or of a new one: a simulation."""
        request = SimulationRequest.model_validate(a_simulation(draws))
        async with self.runtime.database.unit_of_work(Actor(tenant or new_id(), "ada")) as uow:
            row = await Jobs(uow).add(
                operation=SIMULATIONS.name, request=request.model_dump_json().encode(), total=request.draws
            )
            await uow.commit()
        return row

    async def job(self, row: JobRow) -> JobRow:
        """The job as it is now."""
        async with self.runtime.database.unit_of_work(Actor(row.tenant_id, "ada")) as uow:
            found = await Jobs(uow).find(row.id)
        assert found is not None
        return found

    async def cancel(self, row: JobRow) -> None:
        async with self.runtime.database.unit_of_work(Actor(row.tenant_id, "ada")) as uow:
            assert await Jobs(uow).cancel(row.id)
            await uow.commit()

    async def work(self) -> list[Shard]:
        """Does all that was sent; what it was."""
        taken = self.queue.taken()
        for shard, labels in taken:
            assert await self.worker.take(shard, labels)
        return [shard for shard, _ in taken]

    def computed(self) -> float:
        value = self.runtime.metrics.registry.get_sample_value("job_shards_total", {"outcome": "computed"})
        assert value is not None
        return value


MakeBench = Callable[..., Bench]


@pytest.fixture
async def make_bench(postgres_server: PostgresServer) -> AsyncIterator[MakeBench]:
    """Makes replicas that share a database, a clock and (unless another is given) a cache; further arguments
    are their settings."""
    made: list[Runtime] = []
    clock = MovableClock()
    shared = MemoryCache(clock)
    services = [migrations_of(postgres_server.owner_url, KEY, ROOT / KEY / "migrations")]
    async with templated_database(postgres_server, KEY, services) as owner_url:
        settings = embedded_settings([KEY], owner_url, SECRETS)[KEY]
        assert isinstance(settings, Settings)

        def make(cache: Cache = shared, **own: Any) -> Bench:
            seams = Seams(bus=LocalBus(), cache=cache, registry=StaticRegistry({}), clock=clock)
            app = create_app(KEY, settings.model_copy(update=own), seams)
            runtime: Runtime = app.state.runtime
            made.append(runtime)
            queue = HeldQueue()
            return Bench(app, runtime, clock, queue, Coordinator(runtime, queue), Worker(runtime, queue))

        yield make
        for runtime in made:
            await runtime.database.close()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()
