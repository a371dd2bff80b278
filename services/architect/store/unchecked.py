"""Which versions wait for the engine, over all tenants: the system login's part of checking."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from services.chassis.database import Database

_CLAIM = text(
    """
    WITH due AS (
        SELECT tenant_id, model_id, number FROM model_versions
        WHERE check_state = 'pending' AND check_after <= now()
        ORDER BY check_after LIMIT :size FOR UPDATE SKIP LOCKED)
    UPDATE model_versions AS version SET check_after = now() + :lease
    FROM due
    WHERE version.tenant_id = due.tenant_id AND version.model_id = due.model_id
      AND version.number = due.number
    RETURNING version.tenant_id, version.model_id, version.number
    """
)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A version that waits to be checked."""

    tenant: UUID
    model_id: UUID
    number: int


async def claim(database: Database, *, size: int, lease: timedelta) -> list[Unchecked]:
    """Takes up to `size` versions for the length of the lease; what is not done by then is free again."""
    async with database.system() as connection:
        rows = await connection.execute(_CLAIM, {"size": size, "lease": lease})
        return [Unchecked(row.tenant_id, row.model_id, row.number) for row in rows]
