"""The pruner: what the plumbing kept long enough goes, in batches too small to be in anybody's way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import TextClause, text

from services.chassis.background import BackgroundService
from services.chassis.database import Database

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of a table, by its key, that are kept for `age` after the time in `column`."""

    table: str
    key: str
    column: str
    age: timedelta

    def delete(self) -> TextClause:
        # The names are those of the house; a DELETE knows no LIMIT.
        return text(
            f"DELETE FROM {self.table} WHERE ({self.key}) IN (SELECT {self.key} FROM {self.table} "  # noqa: S608
            f"WHERE {self.column} < now() - CAST(:age AS interval) LIMIT :size)"
        )


_PLUMBING = (
    Kept("outbox", "id", "published_at", timedelta(days=7)),
    Kept("inbox", "tenant_id, consumer, message_id", "handled_at", timedelta(days=30)),
    Kept("idempotency_keys", "tenant_id, sub, method, route, key", "claimed_at", timedelta(days=7)),
)


class Pruner(BackgroundService):
    """Prunes published outbox rows after 7 days, inbox notes after 30, idempotency keys after 7, and what the
    service itself keeps for so long."""

    name = "pruner"
    interval_s = 600.0

    def __init__(self, database: Database, kept: Sequence[Kept] = (), *, batch: int = _BATCH) -> None:
        super().__init__()
        self._database = database
        self._kept = (*_PLUMBING, *kept)
        self._batch = batch

    async def run_once(self) -> bool:
        """Deletes one batch a table; whether one was full, so that more may wait."""
        full = False
        for each in self._kept:
            async with self._database.system() as connection:
                deleted = await connection.execute(each.delete(), {"age": each.age, "size": self._batch})
            full |= deleted.rowcount >= self._batch
        return full
