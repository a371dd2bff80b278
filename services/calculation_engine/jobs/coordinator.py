"""The coordinator: has jobs computed, merges what comes, ends them; any replica's goes on with any job."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from anyio import to_thread

from services.calculation_engine.domain.errors import EngineError
from services.calculation_engine.jobs.changes import tell
from services.calculation_engine.jobs.conduct import WINDOW, Conduct
from services.calculation_engine.jobs.ending import NotDone, fail
from services.calculation_engine.jobs.queue import QueueAway, ShardQueue
from services.calculation_engine.jobs.refusals import problem_of
from services.calculation_engine.metrics import JOBS
from services.calculation_engine.store import waiting
from services.calculation_engine.store.jobs import JobRow, Jobs
from services.calculation_engine.store.waiting import Claimed
from services.chassis.absence import is_away
from services.chassis.actor import Actor
from services.chassis.background import BackgroundService
from services.chassis.ids import new_id
from services.chassis.problems import DeadlineExceeded, Problem
from services.chassis.retries import describe
from services.chassis.runtime import Runtime

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 5
"""A job that was taken up so often in a row without any progress takes its coordinators with it."""
_AT_ONCE = 16
_OF_A_TENANT = 4
_LEASE = timedelta(seconds=15)
_RENEW_S = 5.0
_MEASURE_S = 5.0
_SEND_AGAIN_S = 2.0  # after the queue was away
_HAND_BACK_S = 1.0


class Coordinator(BackgroundService):
    """Claims jobs by lease, and moves each on a little at a time."""

    name = "job_coordinator"
    interval_s = 0.25

    def __init__(self, runtime: Runtime, queue: ShardQueue) -> None:
        self._runtime = runtime
        self._queue = queue
        self._lease = new_id()
        self._held: dict[UUID, _Held] = {}
        self._measured_at: float | None = None
        self._send_from = 0.0

    async def run_once(self) -> None:
        """Takes up what waits, and moves on what is held."""
        await self._measure()
        room = _AT_ONCE - len(self._held)
        for claimed in await self._claim(room) if room else ():
            await self._guarded(claimed, self._take_up(claimed))
        for held in list(self._held.values()):
            await self._guarded(held.claimed, self._move_on(held))

    async def stop(self, task: asyncio.Task[None], *, grace_s: float) -> None:
        await super().stop(task, grace_s=grace_s)
        self._held.clear()
        try:
            async with asyncio.timeout(_HAND_BACK_S):
                await waiting.hand_back(self._runtime.database, self._lease)
        except Exception as failure:  # noqa: BLE001  # the lease runs out by itself
            log.warning("lease_not_handed_back", error=describe(failure))
        await self._queue.close()

    async def _claim(self, room: int) -> list[Claimed]:
        found = await waiting.claim(
            self._runtime.database, self._lease, size=room, of_a_tenant=_OF_A_TENANT, duration=_LEASE
        )
        return [claimed for claimed in found if claimed.job_id not in self._held]

    async def _take_up(self, claimed: Claimed) -> None:
        if claimed.attempts > MOST_ATTEMPTS:
            detail = f"It was taken up {MOST_ATTEMPTS} times in a row, and came no further."
            await fail(self._runtime, claimed.tenant, claimed.job_id, NotDone(detail))
            return
        async with self._runtime.database.unit_of_work(self._actor(claimed)) as uow:
            row = await Jobs(uow).find(claimed.job_id)
        if row is None:
            return
        conduct = await to_thread.run_sync(Conduct.of, row)
        await conduct.resume(self._runtime.cache)
        held = _Held(claimed, row, conduct)
        if await self._note(held):
            self._held[claimed.job_id] = held

    async def _move_on(self, held: "_Held") -> None:
        conduct, clock = held.conduct, self._runtime.clock
        if held.row.due_at <= clock.now():
            await self._give_up(held.claimed, DeadlineExceeded("The job was not done in its time."))
            return
        moved = False
        while await conduct.collect(self._runtime.cache, clock):
            moved = True
        if conduct.is_whole:
            await self._finish(held)
        elif await self._is_still_ours(held, moved=moved):
            await self._send(held)
        else:
            self._held.pop(held.claimed.job_id, None)  # cancelled, or another replica's now

    async def _is_still_ours(self, held: "_Held", *, moved: bool) -> bool:
        """As the row says, or said a moment ago."""
        if not moved and self._runtime.clock.monotonic() - held.renewed_at <= _RENEW_S:
            return True
        return await self._note(held)

    async def _send(self, held: "_Held") -> None:
        now = self._runtime.clock.monotonic()
        if now < self._send_from:
            return
        self._send_from = now + _SEND_AGAIN_S
        tenant = held.claimed.tenant
        theirs = sum(each.claimed.tenant == tenant for each in self._held.values())
        ahead = max(1, WINDOW // theirs)
        await held.conduct.send(self._queue, self._runtime.cache, self._runtime.clock, ahead=ahead)
        self._send_from = now

    async def _note(self, held: "_Held") -> bool:
        """Notes how far a job is, and holds it for longer; False if it is no longer ours."""
        job_id, done = held.claimed.job_id, held.conduct.done
        async with self._runtime.database.unit_of_work(self._actor(held.claimed)) as uow:
            ours = await Jobs(uow).progress(job_id, self._lease, done=done, renewed=_LEASE)
            await uow.commit()
        held.renewed_at = self._runtime.clock.monotonic()
        await tell(self._runtime.cache, job_id)
        return ours

    async def _finish(self, held: "_Held") -> None:
        result = await held.conduct.result()
        async with self._runtime.database.unit_of_work(self._actor(held.claimed)) as uow:
            await Jobs(uow).succeed(held.claimed.job_id, self._lease, result)
            await uow.commit()
        del self._held[held.claimed.job_id]
        await held.conduct.forget(self._runtime.cache)
        await tell(self._runtime.cache, held.claimed.job_id)

    async def _give_up(self, claimed: Claimed, problem: Problem) -> None:
        self._held.pop(claimed.job_id, None)
        await fail(self._runtime, claimed.tenant, claimed.job_id, problem)

    async def _guarded(self, claimed: Claimed, work: Coroutine[None, None, None]) -> None:
        """What one job fails by keeps no other from going on."""
        try:
            await work
        except QueueAway as away:
            log.warning("shards_wait", job_id=str(claimed.job_id), error=describe(away))
        except EngineError as refusal:
            await self._give_up(claimed, problem_of(refusal))
        except Exception as failure:
            if is_away(failure):
                raise
            # Its lease runs out, and its attempts are counted.
            log.exception("job_not_moved", job_id=str(claimed.job_id), error=describe(failure))
            self._held.pop(claimed.job_id, None)

    async def _measure(self) -> None:
        now = self._runtime.clock.monotonic()
        if self._measured_at is not None and now - self._measured_at < _MEASURE_S:
            return
        self._measured_at = now
        for status, number in (await waiting.count(self._runtime.database)).items():
            self._runtime.metrics.measure(JOBS, {"status": status}, number)

    def _actor(self, claimed: Claimed) -> Actor:
        return Actor(claimed.tenant, self._runtime.identity.name)


@dataclass
class _Held:
    """A job that this coordinator conducts."""

    claimed: Claimed
    row: JobRow
    conduct: Conduct
    renewed_at: float = 0.0
