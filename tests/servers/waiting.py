"""Bounded waits for a server's first answer."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

from services.launcher.child import Child
from services.launcher.ports import LOOPBACK

_POLL_S = 0.02


def wait_ready(ready: Callable[[], bool], child: Child, *, log: Path, timeout: float) -> None:
    """Returns when `ready()` is true. RuntimeError, with the log's end, if the child ends or is slow."""
    deadline = time.monotonic() + timeout
    while not ready():
        if child.ended or time.monotonic() > deadline:
            end = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(
                f"{log.stem} {'ended' if child.ended else f'is not ready in {timeout} s'}:\n{end}"
            )
        time.sleep(_POLL_S)


def answers(port: int, question: bytes, answer: bytes) -> bool:
    """Whether the server on this port answers the question with these first bytes."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(question)
            return connection.recv(len(answer)) == answer
    except OSError:
        return False
