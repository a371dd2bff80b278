"""One job under way: what is sent, what has come, and what it comes to."""

from collections.abc import Mapping
from typing import Any

from anyio import to_thread

from services.calculation_engine.domain.part import Part
from services.calculation_engine.jobs import computation
from services.calculation_engine.jobs.operations import OPERATIONS, Operation
from services.calculation_engine.jobs.queue import ShardQueue
from services.calculation_engine.jobs.shards import KEPT_S, Keys, Shard, build, ranges
from services.calculation_engine.store.jobs import JobRow
from services.chassis.cache import Cache
from services.chassis.clock import Clock
from services.schemas.base import Document

WINDOW = 12
"""So many shards, from the next to be merged on, are a tenant's jobs together sent ahead: enough for every
replica, and soon past for the shards of others behind them in the queue."""
_PATIENCE_S = 60.0


class Conduct:
    """The memory of whoever conducts a job. It can be lost: another begins with what the cache still holds.

    Parts are merged in the order of their draws, and what is merged is forgotten, so that neither this nor
    the cache grows with the draws.
    """

    def __init__(self, row: JobRow, operation: Operation[Any, Any], request: Document, keys: Keys) -> None:
        self._row = row
        self._request = request
        self._keys = keys
        self._shards = [
            Shard(row.tenant_id, row.id, start, stop, build()) for start, stop in ranges(operation, row.total)
        ]
        self._merged: Part | None = None
        self._result: bytes | None = None
        self._next = 0
        self._sent = 0
        self._news_at = 0.0
        self._patience_s = _PATIENCE_S

    @staticmethod
    def of(row: JobRow) -> "Conduct":
        """Called beside the event loop: it reads files, and a large request."""
        operation = OPERATIONS[row.operation]
        request = operation.request.model_validate_json(row.request)
        return Conduct(row, operation, request, Keys.of(row.tenant_id, row.id))

    @property
    def done(self) -> int:
        """How many draws are merged."""
        return self._shards[self._next - 1].stop if self._next else 0

    @property
    def is_whole(self) -> bool:
        return self._next == len(self._shards)

    async def resume(self, cache: Cache) -> None:
        """Goes on where the last coordinator was, as far as the cache knows."""
        held = await cache.get(self._keys.merged)
        if held is not None:
            self._merged = await to_thread.run_sync(computation.joined, None, [held])
            self._next = self._sent = self._count_to(self._merged.stop)

    def _count_to(self, stop: int) -> int:
        return next(number for number, shard in enumerate(self._shards, start=1) if shard.stop == stop)

    async def send(self, queue: ShardQueue, cache: Cache, clock: Clock, *, ahead: int) -> None:
        """Sends what is due, `ahead` shards at most from the next to be merged on, and again what nobody
        computes for long. Raises QueueAway."""
        now = clock.monotonic()
        if now - self._news_at > self._patience_s and self._sent > self._next:
            self._news_at = now
            if await cache.get(self._keys.begun(self._shards[self._next].start)) is None:
                self._sent = self._next
                self._patience_s *= 2
        for shard in self._shards[self._sent : self._next + ahead]:
            await queue.send(shard, self._labels())
            self._sent += 1
            self._news_at = now

    def _labels(self) -> Mapping[str, str]:
        labels = {"deadline": self._row.due_at.isoformat()}
        if self._row.traceparent is not None:
            labels["traceparent"] = self._row.traceparent
        return labels

    async def collect(self, cache: Cache, clock: Clock) -> bool:
        """Takes in the next part, if it is there; whether it was."""
        if self.is_whole:
            return False
        shard = self._shards[self._next]
        result = await cache.get(self._keys.part(shard.start, shard.stop))
        if result is None:
            return False
        if len(self._shards) == 1:
            self._result = result
        else:
            self._merged = await to_thread.run_sync(computation.joined, self._merged, [result])
            merged = await to_thread.run_sync(computation.packed, self._merged)
            await cache.set(self._keys.merged, merged, ttl_s=KEPT_S)
        self._next += 1
        self._sent = max(self._sent, self._next)
        self._news_at, self._patience_s = clock.monotonic(), _PATIENCE_S
        await cache.delete(self._keys.part(shard.start, shard.stop))
        return True

    async def result(self) -> bytes:
        """The answer's JSON, once it is whole."""
        if self._result is not None:
            return self._result
        assert self._merged is not None  # noqa: S101
        return await to_thread.run_sync(computation.answer, self._request, self._merged)

    async def forget(self, cache: Cache) -> None:
        await cache.delete(self._keys.merged)
