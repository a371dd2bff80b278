"""Child processes that end with the process that started them, however that one dies."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Self

# The parent may die before the death signal is set: the child then has another parent, and must not begin.
_UNLESS_ORPHAN = '[ "$PPID" = "$0" ] && exec "$@"'
_WHEN_PARENT_ENDS = 'read -r nothing; kill -s "$0" "$1"'


@dataclass(frozen=True, slots=True)
class Account:
    """A numeric user and group to run as. It needs no entry in the system's list of users."""

    uid: int
    gid: int

    @classmethod
    def owning(cls, path: Path) -> Self:
        """The owner of a file or folder."""
        status = path.stat()
        return cls(status.st_uid, status.st_gid)


class Child:
    """A running child process, in a session of its own so that Ctrl-C at the terminal does not reach it."""

    def __init__(self, process: subprocess.Popen[bytes], watchdog: "subprocess.Popen[bytes] | None") -> None:
        self._process = process
        self._watchdog = watchdog

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        if self._process.poll() is None:
            return False
        self._dismiss_watchdog()
        return True

    def send(self, number: signal.Signals) -> None:
        """Signals the child, if it still runs."""
        self._process.send_signal(number)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status (negative: the signal that ended it); TimeoutError after `timeout` seconds."""
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s") from error
        self._dismiss_watchdog()
        return status

    def stop(self, first: signal.Signals, *, grace: float) -> int:
        """Signals `first`, waits `grace` seconds, then kills. Returns the exit status."""
        self.send(first)
        try:
            return self.wait(grace)
        except TimeoutError:
            self.send(signal.SIGKILL)
            return self.wait(10)

    def _dismiss_watchdog(self) -> None:
        """The pid is free for others now: nobody may signal it any more."""
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is not None:
            watchdog.kill()
            watchdog.communicate()


def spawn(
    command: Sequence[str | Path],
    *,
    dies_by: signal.Signals,
    log: IO[bytes],
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: IO[bytes] | None = None,
    keep_open: Sequence[int] = (),
) -> Child:
    """Starts a command that gets the signal `dies_by` when this process, or the calling thread, ends.

    On Linux the kernel sends it when the thread that called `spawn` ends: call from one that lasts. Elsewhere
    a watchdog does, which waits for the end of a pipe that only this process holds. `account` needs root.
    """
    process = subprocess.Popen(
        [*(_death_signal(dies_by) if has_death_signal() else []), *map(str, command)],
        stdin=stdin or subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=env,
        pass_fds=keep_open,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    return Child(process, None if has_death_signal() else _watchdog(process.pid, dies_by))


@cache
def has_death_signal() -> bool:
    """Whether a program stands here that asks the kernel for a signal at the parent's death."""
    program = shutil.which("setpriv") if sys.platform == "linux" else None
    if program is None:
        return False
    usage = subprocess.run([program, "--help"], capture_output=True, check=False)
    return b"--pdeathsig" in usage.stdout  # BusyBox has a setpriv without it


def _death_signal(number: signal.Signals) -> list[str]:
    name = number.name.removeprefix("SIG")
    return ["setpriv", "--pdeathsig", name, "--", "/bin/sh", "-c", _UNLESS_ORPHAN, str(os.getpid())]


def _watchdog(pid: int, number: signal.Signals) -> "subprocess.Popen[bytes]":
    name = number.name.removeprefix("SIG")
    return subprocess.Popen(
        ["/bin/sh", "-c", _WHEN_PARENT_ENDS, name, str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
