"""Which plans wait for their model, over all tenants: the system login's part of fetching."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from services.chassis.database import Database

_CLAIM = text(
    """
    WITH due AS (
        SELECT tenant_id, id FROM success_plans
        WHERE state = 'fetching' AND fetch_after <= now()
        ORDER BY fetch_after LIMIT :size FOR UPDATE SKIP LOCKED)
    UPDATE success_plans AS plan SET fetch_after = now() + :lease
    FROM due
    WHERE plan.tenant_id = due.tenant_id AND plan.id = due.id
    RETURNING plan.tenant_id, plan.id
    """
)

_HAND_BACK = text(
    """
    UPDATE success_plans SET fetch_after = now() + :pause
    WHERE tenant_id = :tenant AND id = :plan_id AND state = 'fetching'
    """
)


@dataclass(frozen=True, slots=True)
class Unfetched:
    """A plan that waits for its model."""

    tenant: UUID
    plan_id: UUID


async def claim(database: Database, *, size: int, lease: timedelta) -> list[Unfetched]:
    """Takes up to `size` plans for the length of the lease; what is not done by then is free again."""
    async with database.system() as connection:
        rows = await connection.execute(_CLAIM, {"size": size, "lease": lease})
        return [Unfetched(row.tenant_id, row.id) for row in rows]


async def hand_back(database: Database, claimed: Sequence[Unfetched], *, pause: timedelta) -> None:
    """Frees claims before their lease ends, but not before a pause."""
    async with database.system() as connection:
        for each in claimed:
            await connection.execute(_HAND_BACK, {**asdict(each), "pause": pause})
