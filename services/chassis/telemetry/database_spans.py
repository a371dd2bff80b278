"""Database spans: one client span a statement, by SQLAlchemy's own events.

Only inside a trace: the polling of background work would make traces of a single span each.
"""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from services.chassis.telemetry.traces import tracer

_LONGEST_STATEMENT = 2000
_SPAN = "valueverse_span"


def trace_database(engine: AsyncEngine, provider: trace.TracerProvider) -> None:
    """Makes a client span of each statement that the engine runs: with its text, never with its values."""
    spans = tracer(provider)
    database = engine.url.database or ""

    def begin(
        _conn: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool
    ) -> None:
        if not trace.get_current_span().get_span_context().is_valid:
            return
        operation = statement.lstrip(" \n(").partition(" ")[0].partition("\n")[0].upper()
        span = spans.start_span(
            operation or "SQL",
            kind=SpanKind.CLIENT,
            attributes={
                "db.system.name": "postgresql",
                "db.namespace": database,
                "db.operation.name": operation,
                "db.query.text": statement[:_LONGEST_STATEMENT],
            },
        )
        setattr(context, _SPAN, span)

    def end(
        _conn: Connection, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool
    ) -> None:
        span = getattr(context, _SPAN, None)
        if span is not None:
            span.end()

    def fail(failure: ExceptionContext) -> None:
        span = getattr(failure.execution_context, _SPAN, None)
        if span is not None:
            # The kind of error only: its message may quote values.
            error = failure.original_exception
            span.set_attribute("error.type", getattr(error, "sqlstate", None) or type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            span.end()

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)
