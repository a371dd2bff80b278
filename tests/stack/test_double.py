"""The double of Kong does what kong.yml says: a mistake planted there shows at the gateway."""

import asyncio
import shutil
from pathlib import Path

import pytest

from services.schemas.directory import SERVICES
from tests.gateway.rendering import COMPLETE, GATEWAY
from tests.servers.redis import RedisServer
from tests.stack.double import standing
from tests.stack.probes import faults

pytestmark = pytest.mark.stack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the gateway's files."""
    return Path(shutil.copytree(GATEWAY, tmp_path / "gateway"))


async def faults_of(folder: Path, redis: RedisServer, *keys: str) -> list[str]:
    services = [SERVICES[key] for key in keys]
    async with standing(folder, redis) as url:
        return await asyncio.to_thread(faults, url, COMPLETE["JWT_SECRET"], services)


async def test_the_file_as_it_is_has_no_fault(folder: Path, redis_server: RedisServer) -> None:
    assert await faults_of(folder, redis_server, *SERVICES) == []


@pytest.mark.parametrize(
    ("key", "right", "wrong", "fault"),
    [
        ("committer", "~/api/v1/committer(/|$)", "~/api/v1/comitter(/|$)", "committer needs no token"),
        ("committer", "~/api/v1/committer(/|$)", "~/api/v1/committer", "/api/v1/committerfoo is routed"),
        (
            "architect",
            "architect/(health(/ready)?|",
            "architect/(drivers|health(/ready)?|",
            "drivers needs no token",
        ),
        (
            "executor",
            "executor/(health(/ready)?|docs",
            "executor/(health|docs",
            "executor/health/ready is not open",
        ),
        (
            "executor",
            "host: value-executor.",
            "host: value-amplifier.",
            "executor is not where Value Executor is found",
        ),
        (
            "calculation_engine",
            "[*token, *limit-calculations]",
            "[*limit-calculations]",
            "calculation-engine needs no token",
        ),
        (
            "calculation_engine",
            "[*token, *limit-calculations]",
            "[*token]",
            "calculation-engine has no limit",
        ),
        (
            "architect",
            "methods: [GET, HEAD]",
            "methods: [GET, HEAD, POST]",
            "architect/health needs no token",
        ),
    ],
)
async def test_a_planted_mistake_shows(
    folder: Path, redis_server: RedisServer, key: str, right: str, wrong: str, fault: str
) -> None:
    text = (folder / "kong.yml").read_text()
    assert right in text
    (folder / "kong.yml").write_text(text.replace(right, wrong))
    found = await faults_of(folder, redis_server, key)
    assert any(each.endswith(fault) for each in found), found
