"""The pruner: what the plumbing kept long enough goes, in batches too small to be in anybody's way."""

from datetime import timedelta

from sqlalchemy import TextClause, text

from services.chassis.background import BackgroundService
from services.chassis.database import Database

_BATCH = 1000


def _delete(table: str, key: str, column: str) -> TextClause:
    # The names are this module's own; a DELETE knows no LIMIT.
    return text(
        f"DELETE FROM {table} WHERE ({key}) IN "  # noqa: S608
        f"(SELECT {key} FROM {table} WHERE {column} < now() - CAST(:age AS interval) LIMIT :size)"
    )


_KEPT = (
    (_delete("outbox", "id", "published_at"), timedelta(days=7)),
    (_delete("inbox", "tenant_id, consumer, message_id", "handled_at"), timedelta(days=30)),
    (
        _delete("idempotency_keys", "tenant_id, sub, method, route, key", "claimed_at"),
        timedelta(days=7),
    ),
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
