"""A PostgreSQL server of the tests' own: the launcher's, mostly without its durability."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from services.launcher.embedded_postgres import EmbeddedPostgres
from services.launcher.errors import CannotStart
from services.launcher.locks import FileLock
from services.launcher.ports import free_port
from services.launcher.postgres_binaries import find_binaries
from services.launcher.postgres_cluster import OWNER
from tests.servers.missing import MissingServer

_TEMPLATE_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server as its clients see it. `folder` is shared by all workers of the run."""

    owner_url: str
    superuser_url: str
    folder: Path

    async def create_database(self, name: str, template: str | None = None) -> str:
        """A new database of the owner's, copied from `template` (nobody may be connected to that).

        Returns its address for the owner, who has CREATEROLE and is no superuser.
        """
        copy = f' TEMPLATE "{template}"' if template else ""
        await self._execute(f'CREATE DATABASE "{name}" OWNER {OWNER}{copy}')
        return self.url_of(name)

    async def drop_database(self, name: str) -> None:
        """Drops the database with whoever is connected to it; none is no error."""
        await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def template(self, name: str, build: Callable[[str], Awaitable[None]]) -> str:
        """The name of a template that the run's first caller builds, while the other workers wait for it."""
        done = self.folder / f"template-{name}"
        lock = await asyncio.to_thread(
            FileLock(done.with_suffix(".lock")).acquire, timeout=_TEMPLATE_TIMEOUT_S
        )
        with lock:
            if not done.exists():
                await self.drop_database(name)
                await build(await self.create_database(name))
                done.touch()
        return name

    def url_of(self, database: str) -> str:
        """The owner's address of a database."""
        return f"{self.owner_url.rpartition('/')[0]}/{database}"

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.superuser_url, ssl=False, timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class PostgresProcess:
    """A server in a folder, on one port for all its starts. After a kill it comes back by itself."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._folder = folder
        self._durable = durable
        self._port = free_port()
        self._running: EmbeddedPostgres | None = None

    def start(self) -> None:
        """Returns when it takes connections. Raises MissingServer."""
        try:
            find_binaries()
        except CannotStart as error:
            raise MissingServer(str(error)) from error
        self._running = EmbeddedPostgres.start(self._folder, durable=self._durable, port=self._port)

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()

    def kill(self) -> None:
        """Kills the server where it stands: its supervisor starts it again, and it recovers."""
        if self._running is not None and self._running.pid is not None:
            os.kill(self._running.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Stops every process of the server in its tracks: connections stand, and nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        server = self._running.pid if self._running is not None else None
        if server is not None:
            children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
            for pid in (server, *map(int, children)):
                os.kill(pid, number)

    def dispose(self) -> None:
        self.thaw()
        self.stop()

    @property
    def server(self) -> PostgresServer:
        if self._running is None:
            raise RuntimeError("start the server first")
        return PostgresServer(self._running.url, self._running.superuser_url, self._folder)
