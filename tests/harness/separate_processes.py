"""Each service in a process of its own, as its container runs it: to kill, and to start again.

They stand on a real PostgreSQL, RabbitMQ (with the login of each service) and Redis, find each other at fixed
addresses, and have one gateway before them.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx2

from services.chassis.bus.permissions import broker_permissions
from services.chassis.bus.topology import EVENTS_EXCHANGE
from services.chassis.clock import SystemClock
from services.chassis.registry import Address
from services.chassis.tokens import mint_development_token
from services.launcher.child import Child, spawn
from services.launcher.ports import LOOPBACK, free_port
from services.schemas.directory import SERVICES
from tests.harness.databases import login_url
from tests.harness.gateway import serving_gateway
from tests.harness.platform import SECRETS
from tests.harness.waiting import eventually
from tests.platform.processes import ROOT, environment
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer

_START_S = 90.0
_END_S = 10.0
_MIGRATE_S = 120.0
BROKER_PASSWORD = "of-the-tests"


@dataclass(frozen=True)
class Servers:
    """What the services stand on: each address is the tests' own, with all rights."""

    owner_url: str
    superuser_url: str
    rabbitmq: RabbitServer
    redis_url: str


class SeparateProcesses:
    """`python -m services serve <service>`, six times. They end with the test's process.

    `variables` are further settings of all of them, such as where their traces go.
    """

    def __init__(self, servers: Servers, folder: Path, variables: Mapping[str, str]) -> None:
        self.servers = servers
        self.gateway_url = ""
        self._folder = folder
        self._variables = variables
        self._addresses = {key: Address(LOOPBACK, free_port()) for key in SERVICES}
        self._running: dict[str, Child] = {}

    async def start(self, *keys: str) -> None:
        """Returns when the services, or those named, are ready."""
        await self.begin(*keys)
        await self.until_ready(*keys)

    async def begin(self, *keys: str) -> None:
        """Starts them, and waits for nothing."""
        for key in keys or SERVICES:
            await self.begin_as(key, "services", "serve", key)

    async def begin_as(self, key: str, *module: str) -> None:
        """Starts a module in a service's place, and waits for nothing."""
        self._running[key] = await asyncio.to_thread(self._spawn, module, self._log_of(key), key)

    async def until_ready(self, *keys: str) -> None:
        async with (
            httpx2.AsyncClient(trust_env=False, timeout=_START_S) as client,
            asyncio.TaskGroup() as all_,
        ):
            for key in keys or SERVICES:
                all_.create_task(self._until_ready(client, key))

    async def kill(self, *keys: str) -> None:
        """`kill -9`: returns when they have ended."""
        for key in keys or SERVICES:
            if child := self._running.pop(key, None):
                await asyncio.to_thread(child.stop, signal.SIGKILL, grace=_END_S)

    async def migrate(self) -> None:
        """The migrate step: roles, tables, and the broker's queues."""
        log = self._folder / "migrate.log"
        step = await asyncio.to_thread(self._spawn, ("services", "migrate"), log, *SERVICES)
        if await asyncio.to_thread(step.wait, _MIGRATE_S) != 0:
            raise RuntimeError(f"The migrate step failed:\n{log.read_text()[-3000:]}")

    @property
    def addresses(self) -> dict[str, Address]:
        """Where each service listens, by host name."""
        return {SERVICES[key].name: address for key, address in self._addresses.items()}

    def environment(self, *keys: str) -> dict[str, str]:
        """What the process of these services is told, beside the machine's own variables."""
        told = {
            **self._variables,
            "JWT_SECRET": SECRETS.jwt_secret,
            "INTERNAL_JWT_SECRET": SECRETS.internal_jwt_secret,
            "REDIS_URL": self.servers.redis_url,
            "PEERS": json.dumps({name: f"{at.host}:{at.port}" for name, at in self.addresses.items()}),
            "HOST": LOOPBACK,
        }
        for key in keys:
            told[f"{key.upper()}_DATABASE_URL"] = login_url(self.servers.owner_url, key)
            told[f"{key.upper()}_SYSTEM_DATABASE_URL"] = login_url(self.servers.owner_url, f"{key}_system")
            told[f"{key.upper()}_RABBITMQ_URL"] = self.servers.rabbitmq.url_of(key, BROKER_PASSWORD)
        return told

    async def client(
        self, tenant: UUID, sub: str, roles: Sequence[str], *, account: str | None = None
    ) -> httpx2.AsyncClient:
        """A person's client of the gateway."""
        token = mint_development_token(
            secret=SECRETS.jwt_secret,
            tenant=tenant,
            sub=sub,
            roles=roles,
            account=account,
            ttl=timedelta(hours=1),
            now=SystemClock().now(),
        )
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.AsyncClient(base_url=self.gateway_url, headers=headers, timeout=60, trust_env=False)

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[asyncpg.Connection]:
        """A session of the database's superuser, for whom no row security holds."""
        connection = await asyncpg.connect(self.servers.superuser_url, ssl=False, timeout=10)
        try:
            yield connection
        finally:
            connection.terminate()

    def log(self, key: str) -> str:
        """All that a service has logged."""
        return self._log_of(key).read_text()

    def _log_of(self, key: str) -> Path:
        return self._folder / f"{key}.log"

    def _spawn(self, module: Sequence[str], log_path: Path, *keys: str) -> Child:
        own = {"PORT": str(self._addresses[keys[0]].port)} if len(keys) == 1 else self._migrating()
        with log_path.open("ab") as log:
            return spawn(
                [sys.executable, "-m", *module],
                dies_by=signal.SIGKILL,
                log=log,
                env=environment() | self.environment(*keys) | own,
                cwd=ROOT,
            )

    def _migrating(self) -> dict[str, str]:
        return {"DATABASE_URL": self.servers.owner_url, "RABBITMQ_URL": self.servers.rabbitmq.url}

    async def _until_ready(self, client: httpx2.AsyncClient, key: str) -> None:
        async def ready() -> bool:
            if self._running[key].ended:
                raise RuntimeError(f"{key} ended:\n{self.log(key)[-3000:]}")
            try:
                answer = await client.get(f"{self._addresses[key].url}/health/ready")
            except httpx2.TransportError:
                return False
            return answer.is_success

        await eventually(ready, within_s=_START_S)


@asynccontextmanager
async def separate_processes(
    postgres: PostgresServer,
    rabbitmq: RabbitServer,
    redis_url: str,
    folder: Path,
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[SeparateProcesses]:
    """All six, ready, with the gateway before them, on a database and a virtual host of their own."""
    name = f"apart-{uuid4().hex[:12]}"
    async with AsyncExitStack() as at_end:
        owner_url = await postgres.create_database(name)
        at_end.push_async_callback(postgres.drop_database, name)
        servers = Servers(
            owner_url=owner_url,
            superuser_url=f"{postgres.superuser_url.rpartition('/')[0]}/{name}",
            rabbitmq=await asyncio.to_thread(broker_of, rabbitmq, name, folder),
            redis_url=redis_url,
        )
        processes = SeparateProcesses(servers, folder, variables or {})
        await processes.migrate()
        gateway = await at_end.enter_async_context(serving_gateway(processes.addresses))
        processes.gateway_url = gateway.url
        at_end.push_async_callback(processes.kill)
        await processes.start()
        yield processes


def broker_of(rabbitmq: RabbitServer, vhost: str, folder: Path) -> RabbitServer:
    """A virtual host in which each service has a login with its own rights, and no more."""
    server = rabbitmq.with_vhost(vhost)
    rights = broker_permissions()
    definitions = {
        "users": [{"name": each.user, "password": BROKER_PASSWORD, "tags": ""} for each in rights],
        "permissions": [
            {
                "user": each.user,
                "vhost": vhost,
                "configure": each.configure,
                "write": each.write,
                "read": each.read,
            }
            for each in rights
        ],
        "topic_permissions": [
            {
                "user": each.user,
                "vhost": vhost,
                "exchange": EVENTS_EXCHANGE,
                "write": each.routing_keys,
                "read": "^$",
            }
            for each in rights
        ],
    }
    path = folder / "definitions.json"
    path.write_text(json.dumps(definitions))
    server.ctl("import_definitions", str(path))
    return server
