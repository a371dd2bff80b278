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
    WITH conducted AS (
        SELECT tenant_id, count(*) AS number, count(*) FILTER (WHERE lease_owner = :lease) AS ours FROM jobs
        WHERE status = 'running' AND lease_until >= now() GROUP BY tenant_id),
    free AS (
        SELECT tenant_id, id, row_number() OVER (PARTITION BY tenant_id ORDER BY created_at, id) AS place
        FROM jobs
        WHERE status IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < now())),
    waiting AS (
        SELECT jobs.tenant_id, jobs.id
        FROM jobs JOIN free USING (tenant_id, id) LEFT JOIN conducted USING (tenant_id)
        WHERE free.place + coalesce(conducted.ours, 0) <= :of_a_tenant
            AND status IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < now())
        ORDER BY free.place + coalesce(conducted.number, 0), jobs.created_at
        LIMIT :size FOR UPDATE OF jobs SKIP LOCKED)
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


async def claim(
    database: Database, lease: UUID, *, size: int, of_a_tenant: int, duration: timedelta
) -> Sequence[Claimed]:
    """Takes up to `size` jobs that nobody conducts, but holds no more than `of_a_tenant` of one.

    Tenants take turns: next is the one with the fewest jobs conducted, by whomever, and of its jobs the
    oldest. The hundred jobs of one tenant keep no other's waiting.
    """
    bounds = {"size": size, "of_a_tenant": of_a_tenant, "lease": lease, "duration": duration}
    async with database.system() as connection:
        rows = await connection.execute(_CLAIM, bounds)
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
