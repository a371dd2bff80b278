"""Which deliveries wait to be sent, over all tenants: the system login's part of sending."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from services.chassis.database import Database
from services.chassis.ids import new_id

# `Step.TAKE` of the transitions, from each state that has it.
_CLAIM = text(
    """
    WITH due AS (
        SELECT tenant_id, id FROM deliveries WHERE due_at <= now()
        ORDER BY due_at LIMIT :size FOR UPDATE SKIP LOCKED)
    UPDATE deliveries AS delivery
    SET state = 'sending', attempts = attempts + 1, lease_owner = :lease, due_at = now() + :duration
    FROM due
    WHERE delivery.tenant_id = due.tenant_id AND delivery.id = due.id
    RETURNING delivery.tenant_id, delivery.id
    """
)

_HAND_BACK = text(
    """
    UPDATE deliveries SET state = 'retrying', attempts = attempts - 1, lease_owner = NULL, due_at = now()
    WHERE lease_owner = :lease AND state = 'sending'
    """
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send for the length of a lease."""

    tenant: UUID
    delivery_id: UUID
    lease: UUID


async def claim(database: Database, *, size: int, duration: timedelta) -> Sequence[Claimed]:
    """Takes up to `size` deliveries that are due; those not settled when the lease ends are free again."""
    lease = new_id()
    async with database.system() as connection:
        rows = await connection.execute(_CLAIM, {"size": size, "lease": lease, "duration": duration})
        return [Claimed(row.tenant_id, row.id, lease) for row in rows]


async def hand_back(database: Database, lease: UUID) -> None:
    """Frees what a lease still holds."""
    async with database.system() as connection:
        await connection.execute(_HAND_BACK, {"lease": lease})
