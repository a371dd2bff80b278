"""The cache: what may be lost. Values with a time to live, counters of a window, messages to whoever listens.

Nothing here raises because the cache is away: a read then finds nothing, a write is dropped, a counter knows
nothing, a message is not heard. What must not be lost stands in the database.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True)
class Reads:
    """How many reads were answered since the start, by whether they found a value."""

    hits: int = 0
    misses: int = 0

    def note(self, value: bytes | None) -> None:
        """Counts one more read, by what it found."""
        if value is None:
            self.misses += 1
        else:
            self.hits += 1


class Cache(Protocol):
    """What every cache does. Keys name their service, and the tenant where the value is a tenant's."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None if there is none, it has expired, or the cache is away."""
        ...

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        """Keeps a value for so many seconds; False if it did not say that it has it."""
        ...

    async def delete(self, *keys: str) -> None:
        """Forgets the values of these keys."""
        ...

    async def incr(self, key: str, *, window_s: float) -> int | None:
        """Counts one more; the count so far in the window that began with its first count.

        None if the cache is away: whoever limits by it then lets the call pass.
        """
        ...

    async def publish(self, channel: str, message: bytes) -> None:
        """Sends a message to those who listen now, at most once."""
        ...

    def subscribe(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Listens for the length of the block: every message published after it was entered.

        A listener that does not keep up loses the oldest messages; while the cache is away it hears nothing,
        and hears again when it is back.
        """
        ...

    async def ping(self) -> None:
        """Raises CacheAway if it does not answer."""
        ...

    async def close(self) -> None:
        """Gives back what it holds."""
        ...

    @property
    def failures(self) -> int:
        """How many calls it did not answer since the start."""
        ...

    @property
    def reads(self) -> Reads:
        """What became of the reads that it answered."""
        ...


class CacheAway(Exception):
    """The cache does not answer."""
