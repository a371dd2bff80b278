"""Several processes of one service, as containers run it, on a database and virtual host of their own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx2

from services.chassis.bus.topology import declare
from services.chassis.clock import SystemClock
from services.chassis.migrations import migrate
from services.chassis.tokens import mint_development_token
from services.launcher import rooms
from services.launcher.child import Child, spawn
from services.launcher.configuration import embedded_settings
from services.launcher.ports import LOOPBACK, free_port
from tests.harness.databases import login_url
from tests.harness.platform import SECRETS
from tests.harness.separate_processes import BROKER_PASSWORD, broker_of
from tests.harness.waiting import eventually
from tests.platform.processes import ROOT, environment
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer

_START_S = 90.0
_TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Replica:
    """One process of the service."""

    child: Child
    url: str
    log: Path

    def client(self, tenant: UUID, *roles: str) -> httpx2.AsyncClient:
        """A person's client of this very process."""
        token = mint_development_token(
            secret=SECRETS.jwt_secret,
            tenant=tenant,
            sub="ada",
            roles=roles,
            ttl=timedelta(hours=1),
            now=SystemClock().now(),
        )
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    async def counted(self, series: str) -> float:
        """A sample of its metrics, by name and labels as they are printed."""
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
            lines = (await client.get(f"{self.url}/api/v1/metrics")).text.splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{series} "))

    def processor_s(self) -> float:
        """How many seconds of processor time it has taken."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_S

    async def kill(self) -> None:
        """`kill -9`."""
        await asyncio.to_thread(self.child.stop, signal.SIGKILL, grace=10)

    async def _until_ready(self) -> None:
        async def ready() -> bool:
            if self.child.ended:
                raise RuntimeError(f"it ended:\n{self.log.read_text()[-3000:]}")
            try:
                return (await client.get(f"{self.url}/health/ready")).is_success
            except httpx2.TransportError:
                return False

        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
            await eventually(ready, within_s=_START_S)


@asynccontextmanager
async def replicas(
    key: str, number: int, postgres: PostgresServer, rabbitmq: RabbitServer, redis_url: str, folder: Path
) -> AsyncIterator[Sequence[Replica]]:
    """So many processes of the service, ready."""
    name = f"replicas-{uuid4().hex[:12]}"
    owner_url = await postgres.create_database(name)
    settings = embedded_settings([key], owner_url, SECRETS)
    await migrate(owner_url, [rooms.migrations_of(settings[key])])
    broker = await asyncio.to_thread(broker_of, rabbitmq, name, folder)
    await declare(broker.url)
    told = {
        **environment(),
        "JWT_SECRET": SECRETS.jwt_secret,
        "INTERNAL_JWT_SECRET": SECRETS.internal_jwt_secret,
        "REDIS_URL": redis_url,
        "HOST": LOOPBACK,
        f"{key.upper()}_DATABASE_URL": login_url(owner_url, key),
        f"{key.upper()}_SYSTEM_DATABASE_URL": login_url(owner_url, f"{key}_system"),
        f"{key.upper()}_RABBITMQ_URL": broker.url_of(key, BROKER_PASSWORD),
    }

    def begun(place: int) -> Replica:
        port = free_port()
        path = folder / f"{key}-{place}.log"
        with path.open("ab") as log:
            child = spawn(
                [sys.executable, "-m", "services", "serve", key],
                dies_by=signal.SIGKILL,
                log=log,
                env={**told, "PORT": str(port)},
                cwd=ROOT,
            )
        return Replica(child, f"http://{LOOPBACK}:{port}", path)

    running = [await asyncio.to_thread(begun, place) for place in range(number)]
    try:
        await asyncio.gather(*(each._until_ready() for each in running))
        yield running
    finally:
        for each in running:
            if not each.child.ended:
                await each.kill()
        await postgres.drop_database(name)
