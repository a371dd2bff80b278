"""The embedded platform as a process of the test's own: to stop, to kill, and to start again on its data."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx2

from services.chassis.clock import SystemClock
from services.chassis.tokens import mint_development_token
from services.launcher import running_file, secrets_file
from services.launcher.child import Child, spawn
from services.launcher.configuration import owner_url_of
from services.launcher.embedded_postgres import EmbeddedPostgres
from services.launcher.ports import LOOPBACK, is_free
from services.launcher.postgres_cluster import SUPERUSER, Passwords
from services.schemas.directory import SERVICES
from tests.harness.waiting import eventually
from tests.platform.processes import ROOT, environment, free_gateway_port

_START_S = 60.0
_STOP_S = 10.0
_READINESS = f"{SERVICES['architect'].prefix}/health/ready"


class EmbeddedProcess:
    """`python -m services serve all` on one data folder and one port for all its lives.

    It ends with the test's process, however that dies, and its database ends with it. `variables` are told to
    it beside the machine's own.
    """

    def __init__(self, data: Path, variables: Mapping[str, str] | None = None) -> None:
        self.data = data
        self._variables = variables or {}
        self.log = data.with_name(f"{data.name}.log")
        self.port = free_gateway_port()
        self._child: Child | None = None

    async def start(self) -> None:
        """Returns when it answers."""
        await self.begin()
        await eventually(self._answers, within_s=_START_S)

    async def begin(self) -> None:
        """Starts it, and waits for nothing."""
        await asyncio.to_thread(self._spawn)

    def _spawn(self) -> None:
        command = ["-m", "services", "serve", "all", "--port", str(self.port), "--data", str(self.data)]
        with self.log.open("ab") as log:
            self._child = spawn(
                [sys.executable, *command],
                dies_by=signal.SIGKILL,
                log=log,
                env={**environment(), **self._variables},
                cwd=ROOT,
            )

    async def kill(self) -> None:
        """`kill -9`: returns when it has ended."""
        if self._child is not None:
            self._child.send(signal.SIGKILL)
            await asyncio.to_thread(self.dispose)

    async def kill_with_database(self) -> None:
        """The same, and its PostgreSQL first, which then recovers from its log."""
        postmaster = self.data / "postgres" / "cluster" / "postmaster.pid"
        os.kill(int(postmaster.read_text().splitlines()[0]), signal.SIGKILL)
        await self.kill()

    def dispose(self) -> None:
        """Ends it, if it runs."""
        child, self._child = self._child, None
        if child is not None:
            child.stop(signal.SIGKILL, grace=_STOP_S)

    @property
    def runs(self) -> bool:
        return self._child is not None and not self._child.ended

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self._child is not None:
            self._child.send(signal.SIGTERM)

    async def until_it_takes_no_more(self) -> None:
        """Returns when nobody listens at its port any more."""

        await eventually(lambda: asyncio.to_thread(is_free, self.port))

    async def ended(self) -> int:
        """Its exit status; TimeoutError unless it ends within the ten seconds that it promises."""
        assert self._child is not None
        return await asyncio.to_thread(self._child.wait, _STOP_S)

    async def client(self, tenant: UUID, sub: str, roles: Sequence[str]) -> httpx2.AsyncClient:
        """A person's client of the gateway; nothing is asked for longer than a request may take."""
        return httpx2.AsyncClient(
            base_url=f"http://{LOOPBACK}:{self.port}",
            headers={"Authorization": f"Bearer {await asyncio.to_thread(self._token, tenant, sub, roles)}"},
            timeout=30,
            trust_env=False,
        )

    async def jwt_secret(self) -> str:
        """What its tokens are signed with; it must have been started once."""
        return await asyncio.to_thread(self._secret)

    async def owner_url(self) -> str:
        """The owner's address of its database, while it runs."""
        return await asyncio.to_thread(owner_url_of, self.data)

    @asynccontextmanager
    async def database_alone(self) -> AsyncIterator[asyncpg.Connection]:
        """The superuser's session while nothing but the database runs on the data: to see what a dead
        platform has left."""
        server = await asyncio.to_thread(EmbeddedPostgres.start, self.data)
        try:
            connection = await asyncpg.connect(server.superuser_url, ssl=False, timeout=10)
            yield connection
            await connection.close()
        finally:
            await asyncio.to_thread(server.stop)

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[asyncpg.Connection]:
        """A session of the database's superuser, for whom no row security holds."""
        url = await asyncio.to_thread(self._superuser_url)
        connection = await asyncpg.connect(url, ssl=False, timeout=10)
        try:
            yield connection
        finally:
            connection.terminate()

    @property
    def url(self) -> str:
        """Its gateway's."""
        return f"http://{LOOPBACK}:{self.port}"

    async def _answers(self) -> bool:
        if not self.runs:
            raise RuntimeError(f"It ended while it started:\n{self.log.read_text()[-3000:]}")
        async with httpx2.AsyncClient(trust_env=False, timeout=_START_S) as client:
            try:
                answer = await client.get(f"http://{LOOPBACK}:{self.port}{_READINESS}")
            except httpx2.TransportError:
                return False
        return answer.is_success

    def _token(self, tenant: UUID, sub: str, roles: Sequence[str]) -> str:
        return mint_development_token(
            secret=self._secret(),
            tenant=tenant,
            sub=sub,
            roles=roles,
            ttl=timedelta(hours=1),
            now=SystemClock().now(),
        )

    def _secret(self) -> str:
        secrets = secrets_file.read(self.data)
        assert secrets is not None, "start it first"
        return secrets.jwt_secret

    def _superuser_url(self) -> str:
        where = running_file.read(self.data)
        password = Passwords.kept_in(self.data / "postgres" / "passwords.json").superuser
        address = f"{where.database_host}:{where.database_port}/{where.database_name}"
        return f"postgresql://{SUPERUSER}:{password}@{address}"
