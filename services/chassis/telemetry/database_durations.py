"""How long statements take, by SQLAlchemy's own events: all of them, in a trace or not."""

from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from services.chassis.telemetry.metrics import Metrics

_SINCE = "valueverse_since"
# A closed set: a label made from a statement's text must not make a series of each odd one.
_OPERATIONS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"})


def operation_of(statement: str) -> str:
    """The statement's first word if it is one of the usual ones, else `other`."""
    word = statement.lstrip(" \n(").partition(" ")[0].partition("\n")[0].upper()
    return word if word in _OPERATIONS else "other"


def time_statements(pool: str, engine: AsyncEngine, metrics: Metrics) -> None:
    """Observes the duration of each statement that the engine runs."""

    def begin(
        _conn: Connection, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool
    ) -> None:
        setattr(context, _SINCE, perf_counter())

    def observe(statement: str, context: Any) -> None:
        since = getattr(context, _SINCE, None)
        if since is not None:
            duration = metrics.database_statement_duration.labels(
                pool=pool, operation=operation_of(statement)
            )
            duration.observe(perf_counter() - since)

    def end(_conn: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:
        observe(statement, context)

    def fail(failure: ExceptionContext) -> None:
        observe(failure.statement or "", failure.execution_context)

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)
