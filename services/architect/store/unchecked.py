"""Which versions wait for the engine, over all tenants: the system login's part of checking."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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

_HAND_BACK = text(
    """
    UPDATE model_versions SET check_after = now() + :pause
    WHERE tenant_id = :tenant AND model_id = :model_id AND number = :number AND check_state = 'pending'
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


async def hand_back(database: Database, claimed: Sequence[Unchecked], *, pause: timedelta) -> None:
    """Frees claims before their lease ends, but not before a pause."""
    async with database.system() as connection:
        for each in claimed:
            await connection.execute(_HAND_BACK, {**asdict(each), "pause": pause})
