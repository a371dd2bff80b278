"""A lock between processes, kept by the kernel: whoever holds it and dies lets go of it."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_POLL_S = 0.02


class LockTimeout(Exception):
    """Somebody else held the lock for the whole wait."""


class FileLock:
    """An exclusive lock on a file. Children that inherit `fileno()` hold it too, until the last one ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self, *, timeout: float) -> Self:
        """Takes the lock within `timeout` seconds (0: now or never), else raises LockTimeout."""
        deadline = time.monotonic() + timeout
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not (taken := _take(file)) and time.monotonic() < deadline:
                time.sleep(_POLL_S)
        except BaseException:
            os.close(file)
            raise
        if not taken:
            os.close(file)
            raise LockTimeout(f"{self._path} is held by another process")
        self._file = file
        return self

    def release(self) -> None:
        """Lets go of this process's hold. A second call does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def fileno(self) -> int:
        if self._file is None:
            raise ValueError("the lock is not held")
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _take(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
