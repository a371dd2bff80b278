"""Bounded waits on what other processes do."""

import time
from collections.abc import Callable
from pathlib import Path

_POLL_S = 0.01


def until(condition: Callable[[], bool], what: str, *, timeout: float = 30) -> None:
    """Returns when the condition holds; fails naming `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(_POLL_S)


def until_ended(pid: int) -> None:
    """Returns when the process has ended, be it a zombie that nobody has waited for."""
    until(lambda: not runs(pid), f"process {pid} ends")


def runs(pid: int) -> bool:
    """Whether the process lives. Linux."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
