"""Identifiers: UUID version 7 (RFC 9562), so that ids sort by the time they were made."""

import secrets
import threading
import time
from uuid import UUID

_TAIL_BITS = 74
_STEP_BITS = 32
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


class _Generator:
    """Makes ids that grow strictly within the process.

    The 48 bits of milliseconds and the 74 bits that follow count as one number: within one millisecond, and
    when the system's clock steps back, the next number is the last one plus a random step (RFC 9562, section
    6.2, method 2), which stays unguessable and never repeats.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> UUID:
        with self._lock:
            fresh = time.time_ns() // 1_000_000 << _TAIL_BITS | secrets.randbits(_TAIL_BITS)
            if fresh >> _TAIL_BITS <= self._last >> _TAIL_BITS:
                fresh = self._last + 1 + secrets.randbits(_STEP_BITS)
            self._last = fresh
        milliseconds = fresh >> _TAIL_BITS
        high = fresh >> 62 & 0xFFF
        low = fresh & (1 << 62) - 1
        return UUID(int=milliseconds << 80 | _VERSION_7 | high << 64 | _VARIANT | low)


_generator = _Generator()


def new_id() -> UUID:
    """A new uuid7: unique, and greater than every one made before in this process."""
    return _generator.next()
