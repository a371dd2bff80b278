"""A job on three replicas, over real RabbitMQ and Redis: all take part, may be killed, and stop when told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from services.calculation_engine.domain.simulation import experiment_of, part_for, simulation
from services.calculation_engine.jobs.shards import SHARD
from services.schemas.simulation import SimulationRequest
from tests.calculation_engine.jobs.cases import (
    ASYNC,
    ENGINE,
    OTHERS,
    SIMULATIONS,
    a_simulation,
    accepted,
    ended,
    events_of,
)
from tests.calculation_engine.models import Json
from tests.harness.replicas import Replica, replicas
from tests.harness.waiting import eventually
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer
from tests.servers.redis import RedisServer

DRAWS = 20 * SHARD + 1000
COMPUTED = 'job_shards_total{outcome="computed",service="calculation-engine"}'


@pytest.fixture
async def three(
    postgres_server: PostgresServer,
    rabbitmq_server: RabbitServer,
    redis_server: RedisServer,
    tmp_path: Path,
) -> AsyncIterator[Sequence[Replica]]:
    """Three replicas of the engine."""
    async with replicas(
        "calculation_engine", 3, postgres_server, rabbitmq_server, redis_server.url, tmp_path
    ) as running:
        yield running


@pytest.fixture(scope="module")
def whole() -> Json:
    """The answer to the request, as one process computes it in one piece."""
    request = SimulationRequest.model_validate(a_simulation(draws=DRAWS))
    experiment = experiment_of(request)
    part = part_for(request, experiment, 0, request.draws)
    return simulation(request, experiment, part).model_dump(mode="json")


async def followed(client: httpx2.AsyncClient, path: str) -> AsyncIterator[tuple[str, Json]]:
    """The events of a stream, as they come."""
    async with client.stream("GET", path, timeout=300) as stream:
        assert stream.status_code == 200
        told = ""
        async for text in stream.aiter_text():
            told += text
            while "\n\n" in told:
                block, told = told.split("\n\n", 1)
                for event in events_of(block):
                    yield event


@pytest.mark.chaos
async def test_every_replica_takes_part(three: Sequence[Replica], whole: Json) -> None:
    """Each knows of the job: one takes it in, another tells how it goes, the third what came of it."""
    tenant = uuid4()
    async with (
        three[0].client(tenant, "value-engineer") as ada,
        three[1].client(tenant, "value-engineer") as linus,
        three[2].client(tenant, "value-engineer") as grace,
    ):
        path = await accepted(await ada.post(SIMULATIONS, json=a_simulation(draws=DRAWS)))
        events = [event async for event in followed(linus, f"{path}/events")]
        job = (await grace.get(path)).json()
    names, done = [name for name, _ in events], [state["progress"]["done"] for _, state in events]
    assert names == ["progress"] * (len(names) - 1) + ["succeeded"]
    assert done == sorted(done)
    assert len(done) > 1, "told while it was under way"
    assert (job["status"], job["result"]) == ("succeeded", whole)
    shards = [await replica.counted(COMPUTED) for replica in three]
    assert min(shards) > 0, shards
    assert sum(shards) >= 21


@pytest.mark.chaos
async def test_every_computation_is_a_job_of_any_replica(three: Sequence[Replica]) -> None:
    """Asked of one, read from another, and what a request that waits for it is answered."""
    tenant = uuid4()
    async with (
        three[0].client(tenant, "value-engineer") as ada,
        three[1].client(tenant, "value-engineer") as linus,
    ):
        for resource, body in [("simulations", a_simulation()), *OTHERS]:
            url = f"{ENGINE}/{resource}"
            at_once = await linus.post(url, json=body)
            assert at_once.status_code == 200, at_once.text
            job = await ended(linus, await accepted(await ada.post(url, json=body, headers=ASYNC)))
            assert (job["status"], job["operation"], job["result"]) == (
                "succeeded",
                resource,
                at_once.json(),
            )


@pytest.mark.parametrize(
    "survivor", [pytest.param(0, marks=pytest.mark.chaos), pytest.param(1, marks=pytest.mark.chaos_full)]
)
async def test_the_answer_is_the_same_when_all_but_one_are_killed(
    three: Sequence[Replica], whole: Json, survivor: int
) -> None:
    """While it is under way, at a moment that nobody chose; among them may be whoever conducts it."""
    async with three[survivor].client(uuid4(), "value-engineer") as ada:
        path = await accepted(await ada.post(SIMULATIONS, json=a_simulation(draws=DRAWS)))

        async def under_way() -> bool:
            return bool((await ada.get(path)).json()["progress"]["done"])

        await eventually(under_way, within_s=120)
        await asyncio.gather(*(each.kill() for place, each in enumerate(three) if place != survivor))
        assert (await ada.get(path)).json()["status"] == "running"
        job = await ended(ada, path, within_s=300)
    assert (job["status"], job["result"]) == ("succeeded", whole)


@pytest.mark.chaos
async def test_cancelling_frees_the_cores(three: Sequence[Replica]) -> None:
    def taken() -> float:
        return sum(replica.processor_s() for replica in three)

    async def busy_for(seconds: float) -> float:
        before = taken()
        await asyncio.sleep(seconds)
        return taken() - before

    async with three[0].client(uuid4(), "value-engineer") as ada:
        path = await accepted(await ada.post(SIMULATIONS, json=a_simulation(draws=10**8)))

        async def all_compute() -> bool:
            return all([await replica.counted(COMPUTED) > 0 for replica in three])

        await eventually(all_compute, within_s=120)
        busy = await busy_for(3)
        assert (await ada.delete(path)).json()["status"] == "cancelled"

        async def idle() -> bool:
            return await busy_for(3) < busy / 3

        await eventually(idle, within_s=30)
        # Nothing is left in the queue that would be computed for nobody.
        counted = [await replica.counted(COMPUTED) for replica in three]
        assert await busy_for(3) < busy / 3
        assert [await replica.counted(COMPUTED) for replica in three] == counted
