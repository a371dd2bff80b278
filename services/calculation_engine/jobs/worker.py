"""The worker: computes the shards of jobs, one at a time, with a thread a core."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import structlog
from anyio import to_thread
from opentelemetry.trace import SpanKind

from services.calculation_engine.domain.errors import EngineError, TooLarge
from services.calculation_engine.domain.interruption import Interrupted, interruptible
from services.calculation_engine.jobs.changes import changes, tell
from services.calculation_engine.jobs.computation import compute
from services.calculation_engine.jobs.ending import NotDone, fail, is_over
from services.calculation_engine.jobs.operations import OPERATIONS
from services.calculation_engine.jobs.queue import Labels, ShardQueue
from services.calculation_engine.jobs.refusals import problem_of
from services.calculation_engine.jobs.shards import BEGUN_S, KEPT_S, Keys, Shard, build
from services.calculation_engine.metrics import SHARDS
from services.calculation_engine.store.jobs import JobRow, Jobs, Standing
from services.chassis.actor import Actor
from services.chassis.background import BackgroundService
from services.chassis.problems import Problem
from services.chassis.retries import describe
from services.chassis.runtime import Runtime
from services.chassis.telemetry.traces import extract, tracer

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 5
"""A shard that was begun so often and never done takes its replicas with it, or fails by itself."""
LONGEST_S = 600
"""A shard takes seconds; the broker takes a consumer for dead after 15 minutes."""
PATIENCE_S = 60.0
"""So long a part waits for a cache that does not take it."""
_PAUSE_S = 1.0
_LOOK_EVERY_S = 1.0


class Worker(BackgroundService):
    """Takes shards from the queue as long as the service runs.

    A shard is acknowledged when its part is in the cache, or nobody wants it any more. While the database is
    away the shard in hand waits. One whose part the cache does not take goes back into the queue, for another
    replica, or for this one after other work.
    """

    name = "shard_worker"

    def __init__(self, runtime: Runtime, queue: ShardQueue) -> None:
        self._runtime = runtime
        self._queue = queue
        self._tracer = tracer(runtime.tracer_provider)

    async def run_once(self) -> None:
        """Consumes until the service stops or the broker is lost."""
        await self._queue.consume(self.take, self._stopping)

    async def take(self, shard: Shard, labels: Labels) -> bool:
        """Whether the shard is done with: computed, or wanted no more. Otherwise it has to come again."""
        with self._tracer.start_as_current_span(
            "compute shard", context=extract(labels.get("traceparent")), kind=SpanKind.CONSUMER
        ) as span:
            span.set_attributes({"job.id": str(shard.job_id), "shard.start": shard.start})
            while not self._stopping.is_set():
                try:
                    outcome = await self._attempt(shard, labels)
                except Exception as failure:  # noqa: BLE001  # it stays in hand, and is tried again
                    log.warning("shard_waits", job_id=str(shard.job_id), error=describe(failure))
                    await asyncio.sleep(_PAUSE_S)
                else:
                    span.set_attribute("shard.outcome", outcome or "unwanted")
                    if outcome is not None:
                        self._runtime.metrics.tally(SHARDS, {"outcome": outcome}, 1)
                    comes_again = outcome == "unkept" or (
                        outcome == "interrupted" and self._stopping.is_set()
                    )
                    return not comes_again
        return False

    async def _attempt(self, shard: Shard, labels: Labels) -> str | None:
        """What came of it, as it is counted; None if nobody wants it, or not of this build: whoever waits for
        it then sends it again."""
        row = await self._job(shard)
        is_ours = shard.build == await to_thread.run_sync(build)
        if row is None or not is_ours or is_over(labels.get("deadline"), self._runtime.clock):
            return None
        keys = Keys.of(shard.tenant, shard.job_id)
        if await self._runtime.cache.get(keys.part(shard.start, shard.stop)) is not None:
            return "known"
        try:
            return await self._try(shard, row, keys)
        except EngineError as refusal:
            problem: Problem = problem_of(refusal)
        except TooLarge as too_much:
            problem = NotDone(f"It is too large even for a job: {too_much}.")
        except NotDone as failure:
            problem = failure
        await fail(self._runtime, shard.tenant, shard.job_id, problem)
        return "failed"

    async def _try(self, shard: Shard, row: JobRow, keys: Keys) -> str:
        """Raises EngineError, TooLarge and NotDone. A replica that dies here has counted its attempt."""
        cache, attempts = self._runtime.cache, keys.attempts(shard.start)
        begun = await cache.incr(attempts, window_s=KEPT_S)
        if begun is not None and begun > MOST_ATTEMPTS:
            raise NotDone(
                f"The draws from {shard.start} on were begun {MOST_ATTEMPTS} times, and never done."
            )
        try:
            result = await self._compute(shard, row)
            outcome = await self._keep(shard, keys.part(shard.start, shard.stop), result)
        except Interrupted:
            outcome = "interrupted"
        await cache.delete(attempts)
        if outcome == "computed":
            await tell(cache, shard.job_id)
        return outcome

    async def _keep(self, shard: Shard, key: str, result: bytes) -> str:
        """Puts a result into the cache, again and again for PATIENCE_S; what came of that, as it is counted.

        The cache's own word counts: who reads it back misses a part that was merged at once, and forgotten.
        """
        clock = self._runtime.clock
        until = clock.monotonic() + PATIENCE_S
        while not self._stopping.is_set() and await self._job(shard) is not None:
            if await self._runtime.cache.set(key, result, ttl_s=KEPT_S):
                return "computed"
            if clock.monotonic() >= until:
                return "unkept"
            await asyncio.sleep(_PAUSE_S)
        return "interrupted"

    async def _job(self, shard: Shard) -> JobRow | None:
        """The job, if this shard of it is still wanted."""
        async with self._runtime.database.unit_of_work(self._actor(shard.tenant)) as uow:
            row = await Jobs(uow).find(shard.job_id)
        if row is None or not row.is_live or row.done >= shard.stop:
            return None
        return row

    async def _compute(self, shard: Shard, row: JobRow) -> bytes:
        """Raises EngineError, TooLarge, Interrupted, and NotDone after LONGEST_S."""
        operation = OPERATIONS[row.operation]
        request = await to_thread.run_sync(operation.request.model_validate_json, row.request)
        work = partial(compute, operation, request, shard.start, shard.stop)
        try:
            async with asyncio.timeout(LONGEST_S), self._interrupting(shard) as given_up:
                with interruptible(given_up):
                    return await to_thread.run_sync(work, abandon_on_cancel=True)
        except TimeoutError:
            raise NotDone(f"The draws from {shard.start} on are not done after {LONGEST_S} s.") from None

    @asynccontextmanager
    async def _interrupting(self, shard: Shard) -> AsyncIterator[Callable[[], bool]]:
        """Whether the block's work is in vain: the service stops, the job has ended, or the block is left."""
        over = asyncio.Event()
        watching = asyncio.create_task(self._watch(shard, over), name="shard:watch")
        try:
            yield lambda: over.is_set() or self._stopping.is_set()
        finally:
            over.set()
            watching.cancel()
            await asyncio.wait([watching])

    async def _watch(self, shard: Shard, over: asyncio.Event) -> None:
        cache, begun = self._runtime.cache, Keys.of(shard.tenant, shard.job_id).begun(shard.start)
        async with changes(cache, shard.job_id, every_s=_LOOK_EVERY_S) as changed:
            async for _ in changed:
                await cache.set(begun, b"", ttl_s=BEGUN_S)
                try:
                    standing = await self._standing(shard)
                except Exception as failure:  # noqa: BLE001  # it looks again
                    log.warning("job_not_seen", job_id=str(shard.job_id), error=describe(failure))
                    continue
                if standing is None or not standing.is_live:
                    over.set()
                    return

    async def _standing(self, shard: Shard) -> Standing | None:
        async with self._runtime.database.unit_of_work(self._actor(shard.tenant)) as uow:
            return await Jobs(uow).standing(shard.job_id)

    def _actor(self, tenant: UUID) -> Actor:
        return Actor(tenant, self._runtime.identity.name)
