"""The pruner: what the plumbing kept long enough goes, in batches too small to be in anybody's way."""

from datetime import timedelta

from sqlalchemy import TextClause, text

from services.chassis.background import BackgroundService
from services.chassis.database import Database

_BATCH = 1000


def _delete(table: str, column: str) -> TextClause:
    # The names are this module's own. By ctid, as a DELETE knows no LIMIT.
    return text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608
        f"SELECT ctid FROM {table} WHERE {column} < now() - :age LIMIT :size FOR UPDATE SKIP LOCKED))"
    )


_KEPT = (
    (_delete("outbox", "published_at"), timedelta(days=7)),
    (_delete("inbox", "handled_at"), timedelta(days=30)),
    (_delete("idempotency_keys", "claimed_at"), timedelta(days=7)),
)


class Pruner(BackgroundService):
    """Prunes published outbox rows after 7 days, inbox notes after 30, idempotency keys after 7."""

    name = "pruner"
    interval_s = 600.0

    def __init__(self, database: Database, *, batch: int = _BATCH) -> None:
        super().__init__()
        self._database = database
        self._batch = batch

    async def run_once(self) -> bool:
        """Deletes one batch a table; whether one was full, so that more may wait."""
        full = False
        for delete, age in _KEPT:
            async with self._database.system() as connection:
                deleted = await connection.execute(delete, {"age": age, "size": self._batch})
            full |= deleted.rowcount >= self._batch
        return full
