"""Deadlines: the time that is left travels with every call (`X-Timeout-Ms`), and work past it stops."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self

from services.chassis.problems import DeadlineExceeded

TIMEOUT_HEADER = "X-Timeout-Ms"
LONGEST_MS = 10 * 60 * 1000


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """A point on this process's monotonic clock, in seconds; the earlier of two is the lesser."""

    at: float

    @classmethod
    def after(cls, milliseconds: float) -> Self:
        """The deadline so many milliseconds from now."""
        return cls(time.monotonic() + milliseconds / 1000)

    @classmethod
    def from_header(cls, value: str | None) -> Self | None:
        """The deadline that a caller's `X-Timeout-Ms` gives; None without the header.

        At most ten minutes: a longer one is cut. Raises ValueError unless it is a whole positive number.
        """
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and int(value[:9]) > 0):
            raise ValueError(f"{TIMEOUT_HEADER} is a whole number of milliseconds, at least 1")
        return cls.after(min(int(value[:9]), LONGEST_MS))

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())

    @property
    def expired(self) -> bool:
        return self.remaining() <= 0

    def header(self) -> str:
        """The value of `X-Timeout-Ms` for a call made now: what is left, rounded down, at least 1."""
        return str(max(1, math.floor(self.remaining() * 1000)))


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current_deadline() -> Deadline | None:
    """The deadline of the request that is being served, if it has one."""
    return _current.get()


@asynccontextmanager
async def deadline_scope(deadline: Deadline | None) -> AsyncIterator[None]:
    """Runs the block under a deadline (the earlier one, if another holds already) and stops it there.

    Raises DeadlineExceeded (504) where the time ran out; None changes nothing.
    """
    held = current_deadline()
    if deadline is None or (held is not None and held <= deadline):
        yield
        return
    token = _current.set(deadline)
    timeout = asyncio.timeout(deadline.remaining())
    try:
        async with timeout:
            yield
    except TimeoutError:
        if not timeout.expired():
            raise
        raise DeadlineExceeded("The time that the caller gave ran out.") from None
    finally:
        _current.reset(token)
