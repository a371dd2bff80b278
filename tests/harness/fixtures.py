"""The fixtures of API tests: the platform, once a test worker, and tenants, one a test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.launcher.errors import CannotStart
from services.launcher.postgres_binaries import find_binaries
from tests.harness.embedded_process import EmbeddedProcess
from tests.harness.platform import Company, TestPlatform, company_of, running_platform
from tests.harness.separate_processes import SeparateProcesses, separate_processes
from tests.servers.missing import skip_or_fail
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer
from tests.servers.redis import RedisServer


@pytest.fixture(scope="session")
async def platform(postgres_server: PostgresServer) -> AsyncIterator[TestPlatform]:
    """The embedded platform over a database of this worker's own."""
    database = f"platform-{uuid4().hex[:12]}"
    owner_url = await postgres_server.create_database(database)
    async with running_platform(owner_url) as running:
        yield running


@pytest.fixture
async def company(platform: TestPlatform) -> AsyncIterator[Company]:
    """A tenant that nobody used before."""
    async with company_of(platform) as company:
        yield company


@pytest.fixture
async def other_company(platform: TestPlatform) -> AsyncIterator[Company]:
    """Another one."""
    async with company_of(platform) as company:
        yield company


@pytest.fixture(scope="module")
def embedded_process(own_folder: Path) -> Iterator[EmbeddedProcess]:
    """The embedded platform as a process of this module's own, not started yet."""
    try:
        find_binaries()
    except CannotStart as error:
        skip_or_fail(str(error))
    process = EmbeddedProcess(own_folder / "embedded")
    yield process
    process.dispose()


@pytest.fixture(scope="session")
async def six_processes(
    postgres_server: PostgresServer,
    rabbitmq_server: RabbitServer,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SeparateProcesses]:
    """The services as six processes of this worker's own; who kills one starts it again."""
    folder = tmp_path_factory.mktemp("six-processes")
    async with separate_processes(postgres_server, rabbitmq_server, redis_server.url, folder) as running:
        yield running
