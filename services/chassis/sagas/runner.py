"""The runner: what happens to a saga when nothing happens. Whose time is over is asked again, or given up.

Replies move sagas by themselves; the runner only looks after time. It claims by lease, with the system login,
so that any number of replicas may run and any of them resumes what another left; the work is then done in the
saga's tenant, fenced by the lease.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import func, select, text

from services.chassis.absence import is_away
from services.chassis.actor import Actor
from services.chassis.background import BackgroundService
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.retries import describe
from services.chassis.sagas.conductor import advance
from services.chassis.sagas.decisions import TimedOut
from services.chassis.sagas.definition import Definitions
from services.chassis.sagas.state import LIVE
from services.chassis.sagas.store import SagaStore
from services.chassis.tables import sagas
from services.chassis.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=30)
_AT_ONCE = 16

_CLAIM_DUE = text(
    """
    WITH due AS (
        SELECT tenant_id, id FROM sagas
        WHERE status IN ('running', 'compensating') AND due_at <= now()
          AND (lease_until IS NULL OR lease_until < now())
        ORDER BY due_at LIMIT :size FOR UPDATE SKIP LOCKED)
    UPDATE sagas SET lease_owner = :lease, lease_until = now() + :duration
    FROM due WHERE sagas.tenant_id = due.tenant_id AND sagas.id = due.id
    RETURNING sagas.tenant_id, sagas.id
    """
)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A saga whose time is over, one runner's for the time of a lease."""

    tenant: UUID
    saga_id: UUID
    lease: UUID


class SagaRunner(BackgroundService):
    """Looks after the time of one service's sagas, and measures how many are under way or stuck."""

    name = "saga_runner"

    def __init__(
        self,
        definitions: Definitions,
        database: Database,
        *,
        source: str,
        metrics: Metrics,
        wake: Callable[[], None],
        lease: timedelta = _LEASE,
    ) -> None:
        self._definitions = definitions
        self._database = database
        self._source = source
        self._metrics = metrics
        self._wake = wake
        self._lease = lease

    async def run_once(self) -> bool:
        """Moves on some sagas whose time is over; whether there were as many as fit."""
        await self._measure()
        claimed = await self._claim()
        for each in claimed:
            try:
                await self._move_on(each)
            except Exception as failure:
                if is_away(failure):
                    raise
                # This saga waits for its lease to end, the others go on.
                log.exception("saga_not_moved", saga_id=str(each.saga_id), error=describe(failure))
        return len(claimed) == _AT_ONCE

    async def _claim(self) -> list[_Claimed]:
        lease = new_id()
        bound = {"lease": lease, "size": _AT_ONCE, "duration": self._lease}
        async with self._database.system() as connection:
            rows = (await connection.execute(_CLAIM_DUE, bound)).all()
        return [_Claimed(row.tenant_id, row.id, lease) for row in rows]

    async def _move_on(self, claimed: _Claimed) -> None:
        async with self._database.unit_of_work(Actor(claimed.tenant, self._source)) as uow:
            row = await SagaStore(uow).lock(claimed.saga_id)
            if row is None or row.lease_owner != claimed.lease:
                return  # a reply came meanwhile, or the lease ran out and another runner has it
            await advance(uow, self._definitions.named(row.name), row, TimedOut())
            await uow.commit()
        self._wake()

    async def _measure(self) -> None:
        live = (
            select(sagas.c.name, sagas.c.status, func.count().label("number"))
            .where(sagas.c.status.in_(LIVE))
            .group_by(sagas.c.name, sagas.c.status)
        )
        async with self._database.system() as connection:
            counts = {(row.name, row.status): row.number for row in await connection.execute(live)}
        for name in self._definitions.names:
            for status in LIVE:
                found = counts.get((name, status), 0)
                self._metrics.sagas.labels(saga=name, state=status.value).set(found)
