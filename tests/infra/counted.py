"""What a test counts and times of a platform itself, from its start on, beside what the platform does.

Each service's page shows both in the same reading, so that rates of both are of the same readings. A duration
is timed twice, around the platform's own clock and within it: what the platform measured lies between.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import Counter, Histogram
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext

from services.chassis.cache.memory import MemoryCache
from services.chassis.inbox import Consumer, Failure
from services.chassis.telemetry.metrics import _LAG_BUCKETS_S, _STATEMENT_BUCKETS_S
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.commands import COMMANDS
from services.schemas.directory import SERVICES
from services.schemas.envelope import REPLY_TYPE, Envelope
from services.schemas.events import EVENTS
from tests.harness.platform import TestPlatform

_USUAL = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}
_TYPES = [*(each.type for each in EVENTS), *(each.command_type for each in COMMANDS), REPLY_TYPE]
_AROUND, _WITHIN = _BOTH = "around", "within"


class _OfService:
    """One service's counts, with the labels that the platform's own have."""

    def __init__(self) -> None:
        self.statements = {
            each: _timed(f"statement_{each}", _STATEMENT_BUCKETS_S, "pool", "operation") for each in _BOTH
        }
        self.lags = {each: _timed(f"lag_{each}", _LAG_BUCKETS_S, "type") for each in _BOTH}
        self.messages = Counter("counted_messages", "By the test.", ("type", "outcome"), registry=None)
        for kind in _TYPES:
            for outcome in ("handled", "repeated", "retried"):
                self.messages.labels(type=kind, outcome=outcome)

    def families(self) -> list[Counter | Histogram]:
        return [*self.statements.values(), *self.lags.values(), self.messages]


def _timed(what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"counted_{what}_seconds", "By the test.", labels, buckets=buckets, registry=None)


class Counted:
    """All that is counted of one platform, which is told from others of this process by its database."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._services = {key: _OfService() for key in SERVICES}
        self._engines: dict[Engine, tuple[str, dict[str, Histogram]]] = {}
        self._handled: set[tuple[str, UUID]] = set()
        self._reads: dict[int, Counter] = {}

    def show(self, platform: TestPlatform) -> None:
        """From now on the services' pages show it, too."""
        for key, counts in self._services.items():
            runtime = platform.embedded.apps[SERVICES[key].name].state.runtime
            for family in (*counts.families(), self._reads_of(runtime.cache)):
                runtime.metrics.registry.register(family)

    def connected(self, connection: Connection) -> None:
        """Begins to count an engine's statements, before its first."""
        engine = connection.engine
        user = engine.url.username or ""
        key, pool = user.removesuffix("_system"), "system" if user.endswith("_system") else "runtime"
        if engine in self._engines or engine.url.database != self._database or key not in SERVICES:
            return
        self._engines[engine] = pool, self._services[key].statements
        for name, listener in self.after_the_platform.items():
            event.listen(engine, name, listener)

    @property
    def before_the_platform(self) -> dict[str, Callable[..., None]]:
        """What listens to all engines: it is told before those who listen to one."""
        return {
            "engine_connect": self.connected,
            "before_cursor_execute": _begin(_AROUND),
            "after_cursor_execute": self._end(_WITHIN),
            "handle_error": self._fail(_WITHIN),
        }

    @property
    def after_the_platform(self) -> dict[str, Callable[..., None]]:
        """What listens to an engine, as the last who does."""
        return {
            "before_cursor_execute": _begin(_WITHIN),
            "after_cursor_execute": self._end(_AROUND),
            "handle_error": self._fail(_AROUND),
        }

    def _end(self, which: str) -> Callable[..., None]:
        def end(
            conn: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool
        ) -> None:
            self._ended(which, conn.engine, statement, context)

        return end

    def _fail(self, which: str) -> Callable[..., None]:
        def fail(failure: ExceptionContext) -> None:
            self._ended(which, failure.engine, failure.statement or "", failure.execution_context)

        return fail

    def _ended(self, which: str, engine: Engine | None, statement: str, context: Any) -> None:
        begun = getattr(context, _since(which), None)
        if begun is not None and engine in self._engines:
            pool, histograms = self._engines[engine]
            word = statement.lstrip("( \n").split(None, 1)[0].upper() if statement else ""
            duration = histograms[which].labels(pool=pool, operation=word if word in _USUAL else "other")
            duration.observe(perf_counter() - begun)

    async def received(
        self, consumer: Consumer, envelope: Envelope, receive: Callable[[], Awaitable[None]]
    ) -> None:
        """Counts a message that was handled, now or before; when it fails, `judged` hears of it."""
        begun = datetime.now(UTC)
        await receive()
        if not self._is_ours(consumer):
            return
        counts = self._services[consumer.name]
        is_new = (consumer.name, envelope.id) not in self._handled
        self._handled.add((consumer.name, envelope.id))
        outcome = "handled" if is_new else "repeated"
        counts.messages.labels(type=envelope.type, outcome=outcome).inc()
        if is_new:
            for each, at in zip(_BOTH, (datetime.now(UTC), begun), strict=True):
                lag = (at - envelope.time).total_seconds()
                counts.lags[each].labels(type=envelope.type).observe(max(lag, 0.0))

    def judged(self, consumer: Consumer, kind: str, failure: Failure) -> None:
        """Counts a message that is tried again, or never again."""
        if self._is_ours(consumer):
            outcome = "dead" if failure.pause is None else "retried"
            self._services[consumer.name].messages.labels(type=kind, outcome=outcome).inc()

    def read(self, cache: MemoryCache, value: bytes | None) -> None:
        self._reads_of(cache).labels(outcome="miss" if value is None else "hit").inc()

    def _reads_of(self, cache: MemoryCache) -> Counter:
        if id(cache) not in self._reads:
            reads = Counter("counted_reads", "By the test.", ("outcome",), registry=None)
            for outcome in ("hit", "miss"):
                reads.labels(outcome=outcome)
            self._reads[id(cache)] = reads
        return self._reads[id(cache)]

    def _is_ours(self, consumer: Consumer) -> bool:
        return consumer.database.engine.url.database == self._database


def _begin(which: str) -> Callable[..., None]:
    def begin(_conn: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
        setattr(context, _since(which), perf_counter())

    return begin


def _since(which: str) -> str:
    return f"counted_{which}_since"


@contextmanager
def counting(database: str) -> Iterator[Counted]:
    """Counts for the length of the block, which the platform of that database starts in."""
    counted = Counted(database)
    once, judge, get = Consumer._once, Consumer.judge, MemoryCache.get

    async def counting_once(
        self: Consumer, envelope: Envelope, handle: Callable[[UnitOfWork], Awaitable[None]]
    ) -> None:
        await counted.received(self, envelope, lambda: once(self, envelope, handle))

    def counting_judge(self: Consumer, kind: str, number: int, error: Exception) -> Failure:
        failure = judge(self, kind, number, error)
        counted.judged(self, kind, failure)
        return failure

    async def counting_get(self: MemoryCache, key: str) -> bytes | None:
        value = await get(self, key)
        counted.read(self, value)
        return value

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Consumer, "_once", counting_once)
        patched.setattr(Consumer, "judge", counting_judge)
        patched.setattr(MemoryCache, "get", counting_get)
        listeners = counted.before_the_platform
        for name, listener in listeners.items():
            event.listen(Engine, name, listener)
        try:
            yield counted
        finally:
            for name, listener in listeners.items():
                event.remove(Engine, name, listener)
