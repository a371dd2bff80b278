"""The cache of a single process."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.chassis.cache import Reads
from services.chassis.cache.mailbox import Mailbox
from services.chassis.clock import SYSTEM_CLOCK, Clock

_MOST_ENTRIES = 10_000


class MemoryCache:
    """Values, counters and listeners in memory; beyond `max_entries` the least recently used go first."""

    failures: Final = 0

    def __init__(self, clock: Clock = SYSTEM_CLOCK, *, max_entries: int = _MOST_ENTRIES) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self.reads = Reads()
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._listeners: defaultdict[str, set[Mailbox]] = defaultdict(set)

    async def get(self, key: str) -> bytes | None:
        entry = self._live(key)
        value = None if entry is None else entry[1]
        self.reads.note(value)
        return value

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        self._keep(key, self._clock.monotonic() + ttl_s, value)
        return True

    async def delete(self, *keys: str) -> None:
        for key in keys:
            self._values.pop(key, None)

    async def incr(self, key: str, *, window_s: float) -> int | None:
        expires, counted = self._live(key) or (self._clock.monotonic() + window_s, b"0")
        count = int(counted) + 1
        self._keep(key, expires, b"%d" % count)
        return count

    async def publish(self, channel: str, message: bytes) -> None:
        for mailbox in self._listeners.get(channel, ()):
            mailbox.put(message)

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        mailbox = Mailbox()
        self._listeners[channel].add(mailbox)
        try:
            yield mailbox
        finally:
            self._listeners[channel].discard(mailbox)
            if not self._listeners[channel]:
                del self._listeners[channel]

    async def ping(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        self._values.clear()

    def _live(self, key: str) -> tuple[float, bytes] | None:
        entry = self._values.get(key)
        if entry is None:
            return None
        if entry[0] <= self._clock.monotonic():
            del self._values[key]
            return None
        self._values.move_to_end(key)
        return entry

    def _keep(self, key: str, expires: float, value: bytes) -> None:
        self._values[key] = (expires, value)
        self._values.move_to_end(key)
        while len(self._values) > self._max_entries:
            self._values.popitem(last=False)
