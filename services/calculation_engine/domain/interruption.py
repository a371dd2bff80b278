"""Giving up long computations: whoever waits for one says when it no longer does.

Computations ask between blocks of draws (a few where one call does them), so that their core is free at once.
What is asked belongs to the context: threads that take part run in a copy of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_given_up: ContextVar[Callable[[], bool]] = ContextVar("given_up", default=lambda: False)


class Interrupted(Exception):
    """Nobody waits for the computation any more."""


@contextmanager
def interruptible(given_up: Callable[[], bool]) -> Iterator[None]:
    """Lets what is computed in the block end with Interrupted once `given_up` is true."""
    token = _given_up.set(given_up)
    try:
        yield
    finally:
        _given_up.reset(token)


def between_blocks() -> None:
    """Raises Interrupted if the computation was given up."""
    if _given_up.get()():
        raise Interrupted
