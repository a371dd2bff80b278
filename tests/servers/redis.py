"""A Redis server of the tests' own."""

import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from services.launcher.child import Child, spawn
from services.launcher.ports import LOOPBACK, free_port
from tests.servers.missing import MissingServer
from tests.servers.waiting import answers, wait_ready

_DATABASES = 64


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server as its clients see it, in one of its databases."""

    port: int
    database: int = 0

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/{self.database}"

    def for_worker(self, worker: str) -> Self:
        """The same server in a database of this worker's own."""
        return replace(self, database=_number(worker) % _DATABASES)


def _number(worker: str) -> int:
    return int(worker.removeprefix("gw")) if worker.startswith("gw") else 0


class RedisProcess:
    """A Redis in a folder, on one port for all its starts. It keeps nothing over a stop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: Child | None = None
        self.server = RedisServer(free_port())

    def start(self) -> None:
        """Returns when it answers. Raises MissingServer."""
        program = shutil.which("redis-server")
        if program is None:
            raise MissingServer("no redis-server here: install it (Debian: apt-get install redis-server)")
        log_path = self._folder / "redis.log"
        with log_path.open("ab") as log:
            self._child = spawn(
                [program, *self._options()], dies_by=signal.SIGKILL, log=log, cwd=self._folder
            )
        wait_ready(
            lambda: answers(self.server.port, b"PING\r\n", b"+PONG"), self._child, log=log_path, timeout=20
        )

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stops it in its tracks: connections stand, and nothing answers."""
        if self._child is not None:
            self._child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._child is not None:
            self._child.send(signal.SIGCONT)

    def dispose(self) -> None:
        self.kill()

    def _end(self, number: signal.Signals) -> None:
        if self._child is not None:
            self._child.stop(number, grace=10)
            self._child = None

    def _options(self) -> list[str]:
        return [
            *("--bind", LOOPBACK, "--port", str(self.server.port), "--databases", str(_DATABASES)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no"),
        ]
