"""RabbitMQ, Redis and Consul away: the services work on, and say what they lack. Events wait in the outbox,
and come when the broker is back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.chassis.bus.topology import declare
from services.launcher.ports import LOOPBACK, free_port
from services.schemas.directory import SERVICES
from tests.harness.platform import Company, TestPlatform, company_of
from tests.harness.waiting import eventually
from tests.platform.apart import Servers, running_apart
from tests.platform.makers import make_hypothesis, make_job, make_model
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitProcess
from tests.servers.redis import RedisProcess

READER = "reader"
_WITHIN_S = 60.0


@pytest.fixture
async def owner_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    name = f"degraded-{uuid4().hex[:12]}"
    yield await postgres_server.create_database(name)
    await postgres_server.drop_database(name)


async def readiness(platform: TestPlatform) -> set[tuple[str, frozenset[str]]]:
    """What the services say of themselves: how ready they are, and what is down."""
    async with platform.client() as nobody:
        paths = [f"{each.prefix}/health/ready" for each in SERVICES.values()]
        answers = await asyncio.gather(*(nobody.get(path) for path in paths))
    assert {answer.status_code for answer in answers} == {200}
    return {_said(answer.json()) for answer in answers}


def _said(answer: dict[str, dict[str, dict[str, str]]]) -> tuple[str, frozenset[str]]:
    down = (name for name, found in answer["dependencies"].items() if found["status"] == "down")
    return str(answer["status"]), frozenset(down)


async def until_it_lacks(platform: TestPlatform, *names: str) -> None:
    """Returns when all services say that they lack just these, or are ready."""
    wanted = {("degraded" if names else "ready", frozenset(names))}

    async def said() -> bool:
        return await readiness(platform) == wanted

    await eventually(said, within_s=_WITHIN_S)


async def accept_hypothesis(company: Company) -> str:
    """What its reader is told by an event."""
    made = await make_hypothesis(company)
    path = f"/api/v1/architect/hypotheses/{made['hypothesis_id']}/accept"
    engineer = company.person("maker", "value-engineer")
    answer = await engineer.post(path, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    return made["hypothesis_id"]


async def ask_for_a_job(company: Company) -> str:
    """The path of a small one."""
    return f"/api/v1/calculation-engine/jobs/{(await make_job(company))['job_id']}"


async def status_of(company: Company, path: str) -> str:
    return str((await company.person("maker", "value-engineer").get(path)).json()["status"])


async def add_reader(company: Company) -> None:
    body = {"sub": READER, "name": "Reader", "roles": ["value-engineer"]}
    answer = await company.person("operator", "operator").post("/api/v1/notification/recipients", json=body)
    assert answer.status_code == 201, answer.text


async def told(company: Company) -> Counter[str]:
    """The subjects of the messages in the reader's inbox."""
    inbox = await company.person(READER, "value-engineer").get("/api/v1/notification/inbox")
    return Counter(message["subject"] for message in inbox.json()["items"])


async def until_told(company: Company, subjects: list[str]) -> None:
    """Returns when the reader has a message about each subject; nobody has two."""

    async def all_told() -> bool:
        return len(await told(company)) >= len(subjects)

    await eventually(all_told, within_s=_WITHIN_S)
    assert await told(company) == Counter(subjects)


async def backlog(platform: TestPlatform) -> float:
    """How many events wait in the architect's outbox, as its metrics say."""
    async with platform.client() as nobody:
        metrics = (await nobody.get("/api/v1/metrics")).text
    name = 'outbox_backlog{service="value-architect"}'
    return float(next(line for line in metrics.splitlines() if line.startswith(name)).split()[-1])


async def until_backlog(platform: TestPlatform, rows: int) -> None:
    async def reached() -> bool:
        return await backlog(platform) == rows

    await eventually(reached, within_s=_WITHIN_S)


async def test_with_nothing_but_the_database_everything_but_delivery_works(owner_url: str) -> None:
    nobody = [f"{LOOPBACK}:{free_port()}" for _ in range(3)]
    servers = Servers(f"amqp://guest:guest@{nobody[0]}/", f"redis://{nobody[1]}/0", nobody[2])
    async with running_apart(owner_url, servers) as platform, company_of(platform) as company:
        await until_it_lacks(platform, "bus", "cache", "registry")
        await add_reader(company)
        await accept_hypothesis(company)
        model = (await make_model(company))["model_id"]
        shown = await company.person("maker", "value-engineer").get(f"/api/v1/architect/models/{model}")
        assert shown.json()["current"]["checked"], "the calculation engine is asked all the same"
        await until_backlog(platform, 1)
        assert await told(company) == Counter()
        job = await ask_for_a_job(company)
        assert await status_of(company, job) in {"queued", "running"}
        assert (await company.person("maker", "value-engineer").delete(job)).json()["status"] == "cancelled"


@pytest.mark.chaos
async def test_broker_and_cache_come_back(
    owner_url: str, own_rabbitmq: RabbitProcess, own_redis: RedisProcess
) -> None:
    await declare(own_rabbitmq.server.url)
    servers = Servers(own_rabbitmq.server.url, own_redis.server.url)
    async with running_apart(owner_url, servers) as platform, company_of(platform) as company:
        await until_it_lacks(platform)
        await add_reader(company)
        accepted = [await accept_hypothesis(company)]
        await until_told(company, accepted)
        await asyncio.gather(asyncio.to_thread(own_rabbitmq.stop), asyncio.to_thread(own_redis.stop))
        await until_it_lacks(platform, "bus", "cache")
        accepted += [await accept_hypothesis(company) for _ in range(3)]
        job = await ask_for_a_job(company)
        await until_backlog(platform, 3)
        assert await told(company) == Counter(accepted[:1])
        await asyncio.gather(asyncio.to_thread(own_rabbitmq.start), asyncio.to_thread(own_redis.start))
        await until_it_lacks(platform)
        await until_told(company, accepted)
        await until_backlog(platform, 0)

        async def done() -> bool:
            return await status_of(company, job) == "succeeded"

        await eventually(done, within_s=_WITHIN_S)


@pytest.mark.chaos
async def test_a_cache_that_falls_silent_holds_nobody_up(owner_url: str, own_redis: RedisProcess) -> None:
    servers = Servers("", own_redis.server.url)
    async with running_apart(owner_url, servers) as platform, company_of(platform) as company:
        await until_it_lacks(platform)
        own_redis.freeze()
        try:
            await until_it_lacks(platform, "cache")
            await accept_hypothesis(company)
        finally:
            own_redis.thaw()
        await until_it_lacks(platform)
