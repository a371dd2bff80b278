"""One test run's servers: its controlling process starts each when a worker first asks; all share it."""

import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Self

from services.launcher.locks import FileLock, LockTimeout
from tests.servers.missing import MissingServer
from tests.servers.postgres import PostgresProcess, PostgresServer
from tests.servers.rabbitmq import RabbitProcess, RabbitServer
from tests.servers.redis import RedisProcess, RedisServer

Server = PostgresServer | RedisServer | RabbitServer
Starter = Callable[[Path, ExitStack], Server]

_PREFIX = "valueverse-tests-"
_ASK_TIMEOUT_S = 180.0
_STOP = "stop"


def _postgres(folder: Path, at_end: ExitStack) -> PostgresServer:
    process = PostgresProcess(folder)
    at_end.callback(process.dispose)
    process.start()
    return process.server


def _redis(folder: Path, at_end: ExitStack) -> RedisServer:
    process = RedisProcess(folder)
    at_end.callback(process.dispose)
    process.start()
    return process.server


def _rabbitmq(folder: Path, at_end: ExitStack) -> RabbitServer:
    process = RabbitProcess(folder)
    at_end.callback(process.dispose)
    process.start()
    return process.server


_STARTERS: dict[str, Starter] = {"postgres": _postgres, "redis": _redis, "rabbitmq": _rabbitmq}


class ServerRun:
    """The folder of a run and its keepers, in the process that outlives all workers."""

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self.folder = folder
        self._lock = lock
        self._keepers = [_Keeper(name, folder, starter) for name, starter in _STARTERS.items()]

    @classmethod
    def begin(cls) -> Self:
        """Makes the run's folder, and clears those of runs that were killed."""
        for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            _remove_if_abandoned(old)
        draft = Path(tempfile.mkdtemp(prefix=f"making-{_PREFIX}"))  # a name that no other run clears away
        draft.chmod(0o711)  # as root, PostgreSQL's unprivileged user passes through
        lock = FileLock(draft / "run.lock").acquire(timeout=0)
        run = cls(draft.rename(draft.with_name(draft.name.removeprefix("making-"))), lock)
        for keeper in run._keepers:
            keeper.start()
        return run

    def end(self) -> None:
        """Ends the servers and removes the folder."""
        for keeper in self._keepers:
            keeper.end()
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def ask(folder: Path, name: str) -> Server | MissingServer:
    """The run's server of this name, started now if nobody asked before. RuntimeError if it fails."""
    with Client(str(_address(folder, name))) as connection:
        connection.send("address")
        if not connection.poll(_ASK_TIMEOUT_S):
            raise RuntimeError(f"{name} has not started within {_ASK_TIMEOUT_S:.0f} s")
        answer = connection.recv()
    if isinstance(answer, RuntimeError):
        raise answer
    server: Server | MissingServer = answer
    return server


class _Keeper(threading.Thread):
    """Starts one server at the first question and answers every later one with the same.

    The server is a child of this thread and ends with it: the kernel sees to that if the process is killed.
    """

    def __init__(self, name: str, folder: Path, starter: Starter) -> None:
        super().__init__(name=f"{name}-keeper", daemon=True)
        self._folder = folder / name
        self._folder.mkdir()
        self._folder.chmod(0o711)
        self._starter = starter
        self._listener = Listener(str(_address(folder, name)), backlog=64)
        self._answer: Server | MissingServer | RuntimeError | None = None
        self._at_end = ExitStack()

    def run(self) -> None:
        with self._listener, self._at_end:
            while self._serve():
                pass

    def end(self) -> None:
        with Client(str(self._listener.address)) as connection:
            connection.send(_STOP)
        self.join(60)

    def _serve(self) -> bool:
        with self._listener.accept() as connection:
            if _question(connection) == _STOP:
                return False
            if self._answer is None:
                self._answer = self._start()
            with suppress(OSError):  # the worker has gone
                connection.send(self._answer)
            return True

    def _start(self) -> Server | MissingServer | RuntimeError:
        try:
            return self._starter(self._folder, self._at_end)
        except MissingServer as error:
            return error
        except Exception as error:  # noqa: BLE001 whatever it is, the tests that asked must show it
            return RuntimeError(f"{self.name}: {error}")


def _question(connection: "Connection[object, object]") -> object:
    try:
        return connection.recv()
    except EOFError:
        return None


def _address(folder: Path, name: str) -> Path:
    return folder / f"{name}.socket"


def _remove_if_abandoned(folder: Path) -> None:
    try:
        with FileLock(folder / "run.lock").acquire(timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
    except (LockTimeout, OSError):  # in use, or another user's
        pass
