"""PostgreSQL restarted under load: while it is away every request is refused with 503, none hangs; when it is
back the refusals end, and what was accepted is there, once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.schemas.directory import SERVICES
from tests.harness.platform import TestPlatform, company_of, running_platform
from tests.harness.waiting import eventually
from tests.platform.load import Load
from tests.servers.postgres import PostgresProcess

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
async def platform(own_postgres: PostgresProcess) -> AsyncIterator[TestPlatform]:
    """The platform on a PostgreSQL that only this module's tests stop and kill."""
    owner_url = await own_postgres.server.create_database("away")
    async with running_platform(owner_url) as platform:
        yield platform


@pytest.fixture
async def load(platform: TestPlatform) -> AsyncIterator[Load]:
    async with company_of(platform) as company:
        yield Load(company)


async def until_accepted(load: Load, more: int) -> None:
    """Returns when so many more requests were accepted."""
    enough = len(load.accepted) + more

    async def reached() -> bool:
        return len(load.accepted) >= enough

    await eventually(reached, within_s=60)


async def until_refused(load: Load, more: int) -> None:
    """Returns when so many more were refused for now."""
    enough = len(load.refusals()) + more

    async def reached() -> bool:
        return len(load.refusals()) >= enough

    await eventually(reached, within_s=60)


async def readiness(platform: TestPlatform) -> set[str]:
    """How ready the services say they are."""
    async with platform.client() as nobody:
        paths = [f"{each.prefix}/health/ready" for each in SERVICES.values()]
        answers = await asyncio.gather(*(nobody.get(path) for path in paths))
    return {answer.json()["status"] for answer in answers}


async def until_back(platform: TestPlatform, load: Load) -> None:
    """Returns when the services are ready; of what is asked from then on nothing is refused."""

    async def ready() -> bool:
        return await readiness(platform) == {"ready"}

    await eventually(ready, within_s=60)
    back = load.asked
    await until_accepted(load, 30)
    assert load.refusals(after=back) == []


async def test_stopped_and_started_again(
    platform: TestPlatform, own_postgres: PostgresProcess, load: Load
) -> None:
    async with load.running():
        await until_accepted(load, 30)
        await asyncio.to_thread(own_postgres.stop)
        try:
            await until_refused(load, 30)
            assert await readiness(platform) == {"unready"}
            async with platform.client() as nobody:
                assert (await nobody.get("/health")).status_code == 200
        finally:
            await asyncio.to_thread(own_postgres.start)
        await until_back(platform, load)
    load.check_answers()
    await load.check_accepted_once()


async def test_killed(platform: TestPlatform, own_postgres: PostgresProcess, load: Load) -> None:
    async with load.running():
        for _ in range(2):
            await until_accepted(load, 30)
            own_postgres.kill()
            await until_refused(load, 1)
        await until_back(platform, load)
    load.check_answers()
    await load.check_accepted_once()


async def test_frozen(platform: TestPlatform, own_postgres: PostgresProcess, load: Load) -> None:
    async with load.running():
        await until_accepted(load, 30)
        own_postgres.freeze()
        try:
            await until_refused(load, 1)
            assert await readiness(platform) == {"unready"}
        finally:
            own_postgres.thaw()
        await until_back(platform, load)
    load.check_answers()
    await load.check_accepted_once()
