"""Which jobs wait for a coordinator, over all tenants: the system login's part of their way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from services.calculation_engine.store.jobs import LIVE
from services.chassis.database import Database

_CLAIM = text(
    """
    WITH waiting AS (
        SELECT tenant_id, id FROM jobs
        WHERE status IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < now())
        ORDER BY created_at LIMIT :size FOR UPDATE SKIP LOCKED)
    UPDATE jobs SET status = 'running', attempts = attempts + 1, lease_owner = :lease,
        lease_until = now() + :duration, started_at = coalesce(started_at, now())
    FROM waiting WHERE jobs.tenant_id = waiting.tenant_id AND jobs.id = waiting.id
    RETURNING jobs.tenant_id, jobs.id, jobs.attempts
    """
)

_HAND_BACK = text(
    """
    UPDATE jobs SET attempts = greatest(attempts - 1, 0), lease_owner = NULL, lease_until = NULL
    WHERE lease_owner = :lease AND status = 'running'
    """
)

_COUNT = text(
    "SELECT status, count(*) AS number FROM jobs WHERE status IN ('queued', 'running') GROUP BY status"
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that is ours to conduct for the length of a lease; `attempts` counts the leases in a row in which
    it made no progress, this one among them."""

    tenant: UUID
    job_id: UUID
    lease: UUID
    attempts: int


async def claim(database: Database, lease: UUID, *, size: int, duration: timedelta) -> Sequence[Claimed]:
    """Takes up to `size` jobs that nobody conducts, oldest first."""
    async with database.system() as connection:
        rows = await connection.execute(_CLAIM, {"size": size, "lease": lease, "duration": duration})
        return [Claimed(row.tenant_id, row.id, lease, row.attempts) for row in rows]


async def hand_back(database: Database, lease: UUID) -> None:
    """Frees what a lease still holds, for another replica to go on at once."""
    async with database.system() as connection:
        await connection.execute(_HAND_BACK, {"lease": lease})


async def count(database: Database) -> dict[str, int]:
    """How many jobs there are in each state that is not an end."""
    async with database.system() as connection:
        found = {row.status: int(row.number) for row in await connection.execute(_COUNT)}
    return {status: found.get(status, 0) for status in LIVE}
