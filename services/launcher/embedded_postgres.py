"""The embedded platform's PostgreSQL: a real server as a supervised child of this process."""

import logging
import os
import shutil
import signal
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from services.launcher.child import Child, spawn
from services.launcher.data_folder import make_data_folder
from services.launcher.errors import CannotStart
from services.launcher.locks import FileLock, LockTimeout
from services.launcher.ports import LOOPBACK, free_port, is_free
from services.launcher.postgres_binaries import PostgresBinaries, find_binaries
from services.launcher.postgres_cluster import (
    DATABASE,
    ENVIRONMENT,
    OWNER,
    SUPERUSER,
    Passwords,
    account_of,
    create_cluster,
    forget_dead_server,
    require_reachable,
    require_same_major,
)

_READY_TIMEOUT_S = 300.0  # recovery after a crash replays the log first
_PREDECESSOR_TIMEOUT_S = 60.0
_STOP_GRACE_S = 30.0
_POLL_S = 0.01
_PAUSE_BEFORE_RESTART_S = 0.2
_PAUSE_AFTER_FAILURE_S = 2.0

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "400",  # six services hold up to 72; the tests run several platforms on one server
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # statements may hold what a log must not
}
# Nothing survives a crash of the machine: for tests alone.
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_log = logging.getLogger(__name__)


class EmbeddedPostgres:
    """A PostgreSQL server on 127.0.0.1 with a cluster in `<data folder>/postgres`, from `start` to `stop`.

    It ends with this process however that dies, is started again on the same port when it ends by itself, and
    asks every connection for a password (SCRAM). `url` is the owner's: CREATEROLE, no superuser.
    """

    def __init__(
        self, home: Path, binaries: PostgresBinaries, lock: FileLock, *, durable: bool, port: int
    ) -> None:
        self._home = home
        self._cluster = home / "cluster"
        self._log_path = home / "server.log"
        self._binaries = binaries
        self._launcher_lock = lock
        self._settings = {**_SETTINGS, "port": str(port)} | ({} if durable else _NOT_DURABLE)
        self._passwords = Passwords.kept_in(home / "passwords.json")
        self._child: Child | None = None
        self._spawning = threading.Lock()
        self._decided = threading.Event()  # whether the first start has succeeded or failed
        self._stopping = threading.Event()
        self._failure: CannotStart | None = None
        self._supervisor = threading.Thread(target=self._supervise, name="postgres-supervisor", daemon=True)
        self.port = port

    @classmethod
    def start(
        cls, data_dir: Path, *, durable: bool = True, port: int | None = None, bin_dir: Path | None = None
    ) -> Self:
        """Starts the server, making its cluster first where there is none. Returns when it takes connections.

        `port`: a free one by default. `bin_dir`: the server's programs, found by themselves by default.
        `durable=False` trades safety against a crash of the machine for speed. Raises CannotStart.
        """
        binaries = find_binaries(bin_dir)
        home = _home_in(data_dir)
        if port is not None and not is_free(port):
            raise CannotStart(f"Port {port} is taken: give another one for the database.")
        lock = _launcher_lock(home)
        try:
            server = cls(home, binaries, lock, durable=durable, port=port or free_port())
            server._begin()
        except BaseException:
            lock.release()
            raise
        return server

    @staticmethod
    def forget(data_dir: Path) -> None:
        """Deletes the cluster and its passwords, nothing else. Raises CannotStart where they are in use."""
        home = _home_in(data_dir)
        with _launcher_lock(home), _predecessor_gone(home):
            for folder in ("cluster", "cluster.new"):
                shutil.rmtree(home / folder, ignore_errors=True)
            for file in ("passwords.json", "server.log"):
                (home / file).unlink(missing_ok=True)

    @property
    def url(self) -> str:
        """The owner's: for the migrate step, which makes the services' own logins."""
        return self._url(OWNER, self._passwords.owner)

    @property
    def superuser_url(self) -> str:
        """For backup, restore and repair: no service may have it."""
        return self._url(SUPERUSER, self._passwords.superuser)

    @property
    def pid(self) -> int | None:
        """The server's process, if one runs."""
        child = self._child
        return child.pid if child is not None and not child.ended else None

    def stop(self) -> None:
        """Ends all sessions, stops the server cleanly and lets go of the data. A second call does nothing."""
        with self._spawning:
            self._stopping.set()
            if self._child is not None:
                self._child.send(signal.SIGINT)
        for harder in (signal.SIGQUIT, signal.SIGKILL):
            if self._supervisor.is_alive():
                self._supervisor.join(_STOP_GRACE_S)
            if self._supervisor.is_alive() and self._child is not None:
                self._child.send(harder)
        if self._supervisor.is_alive():
            self._supervisor.join(_STOP_GRACE_S)
        self._launcher_lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _begin(self) -> None:
        if not self._cluster.exists():
            with self._open_log() as log, _predecessor_gone(self._home) as lock:
                create_cluster(self._cluster, self._binaries, self._passwords, lock=lock, log=log)
        require_same_major(self._cluster, self._binaries)
        self._supervisor.start()
        try:
            self._decided.wait()
        except BaseException:
            self.stop()
            raise
        if self._failure is not None:
            raise self._failure

    def _supervise(self) -> None:
        """The life of the server. The kernel ends a child with the thread that started it: this one lasts."""
        while not self._stopping.is_set():
            try:
                status = self._run_once()
            except (CannotStart, OSError) as error:
                if not self._decided.is_set():
                    self._failure = CannotStart(str(error))
                    break
                _log.error("The database does not start again: %s", error)
                self._stopping.wait(_PAUSE_AFTER_FAILURE_S)
                continue
            if not self._stopping.is_set():
                _log.warning("The database ended (status %s): starting it again", status)
                self._stopping.wait(_PAUSE_BEFORE_RESTART_S)
        self._decided.set()

    def _run_once(self) -> int:
        with self._open_log() as log, _predecessor_gone(self._home) as lock, self._spawning:
            if self._stopping.is_set():
                return 0
            forget_dead_server(self._cluster)
            begin = log.tell()
            child = self._child = spawn(
                [self._binaries.program("postgres"), "-D", self._cluster, *self._options()],
                dies_by=signal.SIGINT,
                log=log,
                account=account_of(self._cluster),
                env=ENVIRONMENT,
                cwd=Path("/"),
                keep_open=[lock.fileno()],
            )
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while not self._is_ready(child.pid):
            if child.ended:
                raise CannotStart(f"The database does not start: {self._last_words(begin)}")
            if time.monotonic() > deadline:
                child.stop(signal.SIGQUIT, grace=_STOP_GRACE_S)
                raise CannotStart(
                    f"The database is not ready after {_READY_TIMEOUT_S:.0f} s: see {self._log_path}."
                )
            time.sleep(_POLL_S)
        self._decided.set()
        return child.wait()

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004 its format

    def _last_words(self, begin: int) -> str:
        """What the server itself gave as the reason, in one line."""
        with self._log_path.open("rb") as log:
            log.seek(begin)
            lines = log.read().decode(errors="replace").splitlines()
        reasons = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
        return f"{reasons[-1] if reasons else 'it gave no reason'} (see {self._log_path})"

    def _open_log(self) -> IO[bytes]:
        return self._log_path.open("ab")

    def _options(self) -> list[str]:
        return [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]

    def _url(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{DATABASE}"


def _home_in(data_dir: Path) -> Path:
    home = data_dir.absolute() / "postgres"
    make_data_folder(data_dir)
    make_data_folder(home)
    if os.geteuid() == 0:
        require_reachable(home)
    return home


def _launcher_lock(home: Path) -> FileLock:
    try:
        return FileLock(home / "launcher.lock").acquire(timeout=0)
    except LockTimeout as error:
        raise CannotStart(
            f"Another ValueVerse is running on the data in {home.parent}: stop it, or give other data."
        ) from error


def _predecessor_gone(home: Path) -> FileLock:
    """The lock that a server's processes inherit: free when the last of an earlier server has ended."""
    try:
        return FileLock(home / "server.lock").acquire(timeout=_PREDECESSOR_TIMEOUT_S)
    except LockTimeout as error:
        raise CannotStart(
            f"An earlier database server in {home} does not end: see {home / 'server.log'}."
        ) from error
