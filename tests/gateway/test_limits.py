"""Whose requests are limited, at the double of Kong that kong.yml configures."""

import shutil
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import httpx2
import pytest

from services.chassis.clock import SystemClock
from services.chassis.tokens import mint_development_token
from services.launcher.ports import free_port
from tests.gateway.rendering import COMPLETE, GATEWAY
from tests.servers.redis import RedisServer
from tests.stack.double import standing

PROMISED = "/api/v1/architect/drivers"
CALCULATED = "/api/v1/calculation-engine/methods"
LIMITS = {"GATEWAY_REQUESTS_PER_MINUTE": "3", "GATEWAY_CALCULATIONS_PER_MINUTE": "2"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the gateway's files."""
    return Path(shutil.copytree(GATEWAY, tmp_path / "gateway"))


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows are minutes of the clock: it stands, so that none ends in between."""
    now = time.time()
    monkeypatch.setattr("tests.stack.guard.time", SimpleNamespace(time=lambda: now))


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
        yield client


def somebody() -> dict[str, str]:
    """Who never asked before."""
    token = mint_development_token(
        secret=COMPLETE["JWT_SECRET"],
        tenant=uuid4(),
        sub=f"somebody-{uuid4()}",
        roles=["value-engineer"],
        ttl=timedelta(minutes=10),
        now=SystemClock().now(),
    )
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.usefixtures("one_minute")
async def test_each_user_has_a_budget_of_its_own_on_each_route(
    folder: Path, redis_server: RedisServer, client: httpx2.AsyncClient
) -> None:
    ada, bob = somebody(), somebody()
    async with standing(folder, redis_server, **LIMITS) as url:
        within = [await client.get(url + PROMISED, headers=ada) for _ in range(3)]
        beyond = await client.get(url + PROMISED, headers=ada)
        another = await client.get(url + PROMISED, headers=bob)
        elsewhere = await client.get(url + CALCULATED, headers=ada)

    assert [each.status_code for each in within] == [200, 200, 200]
    assert [each.headers["RateLimit-Remaining"] for each in within] == ["2", "1", "0"]
    assert (beyond.status_code, beyond.json()["code"]) == (429, "too_many_requests")
    assert (beyond.headers["RateLimit-Limit"], beyond.headers["RateLimit-Remaining"]) == ("3", "0")
    assert 0 < int(beyond.headers["Retry-After"]) == int(beyond.headers["RateLimit-Reset"]) <= 60
    assert (another.status_code, another.headers["RateLimit-Remaining"]) == (200, "2")
    assert (elsewhere.status_code, elsewhere.headers["RateLimit-Limit"]) == (200, "2")


async def test_without_redis_nobody_is_limited(folder: Path, client: httpx2.AsyncClient) -> None:
    ada = somebody()
    async with standing(folder, RedisServer(free_port()), **LIMITS) as url:
        answers = [await client.get(url + PROMISED, headers=ada) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 200]
    assert all("RateLimit-Limit" not in each.headers for each in answers)
