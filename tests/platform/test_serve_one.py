"""One service in a process of its own, as its container runs it: the registry knows it while it answers."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from services.chassis.clock import SystemClock
from services.chassis.migrations import migrate
from services.chassis.tokens import mint_development_token
from services.launcher import rooms
from services.launcher.child import Child, spawn
from services.launcher.configuration import embedded_settings
from services.launcher.ports import LOOPBACK, free_port
from tests.chassis.http_server import serving
from tests.chassis.registry.consul_agent import ConsulAgent
from tests.harness.platform import SECRETS
from tests.harness.waiting import eventually
from tests.platform.chaos.locks import holding
from tests.platform.processes import ROOT, environment
from tests.servers.postgres import PostgresServer

_STOP_S = 10.0


@dataclass(frozen=True)
class OneService:
    """The architect's process, the agent that it registers with, and its database."""

    process: Child
    agent: ConsulAgent
    port: int
    superuser_url: str

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.superuser_url, ssl=False, timeout=10)
        try:
            yield connection
        finally:
            connection.terminate()

    async def add_account(self, tenant: UUID) -> httpx2.Response:
        token = mint_development_token(
            secret=SECRETS.jwt_secret,
            tenant=tenant,
            sub="ada",
            roles=["value-engineer"],
            ttl=timedelta(minutes=5),
            now=SystemClock().now(),
        )
        body = {"name": "Nordwerk", "industry": "manufacturing", "currency": "EUR"}
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
            return await client.post(
                f"http://{LOOPBACK}:{self.port}/api/v1/architect/accounts",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            )

    async def until_registered(self, *, known: bool) -> None:
        async def is_so() -> bool:
            assert known is False or not self.process.ended, "it ended while it started"
            return bool(self.agent.registered) == known

        await eventually(is_so, within_s=60)


@pytest.fixture
async def architect(postgres_server: PostgresServer, tmp_path: Path) -> AsyncIterator[OneService]:
    """It runs, and stands on a database of its own."""
    name = f"one-{uuid4().hex[:12]}"
    owner_url = await postgres_server.create_database(name)
    settings = embedded_settings(["architect"], owner_url, SECRETS)["architect"]
    await migrate(owner_url, [rooms.migrations_of(settings)])
    agent = ConsulAgent()
    port = free_port()
    async with serving(agent.app) as consul:
        variables = {
            "ARCHITECT_DATABASE_URL": settings.database_url.get_secret_value(),
            "ARCHITECT_SYSTEM_DATABASE_URL": settings.system_database_url.get_secret_value(),
            "JWT_SECRET": SECRETS.jwt_secret,
            "INTERNAL_JWT_SECRET": SECRETS.internal_jwt_secret,
            "CONSUL_HTTP_ADDR": f"{consul.host}:{consul.port}",
            "HOST": LOOPBACK,
            "PORT": str(port),
        }
        process = await asyncio.to_thread(_spawn, variables, tmp_path / "architect.log")
        superuser_url = f"{postgres_server.superuser_url.rpartition('/')[0]}/{name}"
        yield OneService(process, agent, port, superuser_url)
        await asyncio.to_thread(process.stop, signal.SIGKILL, grace=_STOP_S)
    await postgres_server.drop_database(name)


def _spawn(variables: dict[str, str], log_path: Path) -> Child:
    with log_path.open("ab") as log:
        return spawn(
            [sys.executable, "-m", "services", "serve", "architect"],
            dies_by=signal.SIGKILL,
            log=log,
            env=environment() | variables,
            cwd=ROOT,
        )


async def test_it_is_found_once_it_answers_and_no_more_before_it_drains(architect: OneService) -> None:
    tenant = uuid4()
    await architect.until_registered(known=True)
    assert (await architect.add_account(tenant)).status_code == 201
    async with holding(architect.superuser) as hold:
        accounts = await hold.table("architect.accounts")
        in_flight = asyncio.create_task(architect.add_account(tenant))
        await accounts.stops("architect", "INSERT INTO accounts")
        architect.process.send(signal.SIGTERM)
        await architect.until_registered(known=False)
        assert not in_flight.done()
        await accounts.release()
        assert (await in_flight).status_code == 201
    assert await asyncio.to_thread(architect.process.wait, _STOP_S) == 0


async def test_an_agent_that_is_away_keeps_nobody_from_ending(architect: OneService) -> None:
    await architect.until_registered(known=True)
    architect.agent.broken = True
    architect.process.send(signal.SIGTERM)
    assert await asyncio.to_thread(architect.process.wait, _STOP_S) == 0
