"""The way of spans out of the process: without secrets, and with one line of log if the collector is away."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from services.chassis.telemetry.scrubbing import REDACTED, is_secret, scrub_query, scrub_text

log = structlog.get_logger(__name__)

_QUERIES = frozenset({"url.query"})
_ADDRESSES = frozenset({"url.full", "http.url", "http.target"})


class ScrubbingExporter(SpanExporter):
    """Exports spans without the values of query strings and without what looks like a secret."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export([_scrubbed(span) for span in spans])
        self._note(away=result is not SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    def _note(self, *, away: bool) -> None:
        if away and not self._away:
            log.warning("trace_collector_away")
        elif self._away and not away:
            log.info("trace_collector_back")
        self._away = away


def _scrubbed(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_scrubbed_attributes(span.attributes),
        events=[
            Event(event.name, _scrubbed_attributes(event.attributes), event.timestamp)
            for event in span.events
        ],
        links=span.links,
        kind=span.kind,
        status=_scrubbed_status(span.status),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _scrubbed_status(status: Status) -> Status:
    """Its description is an exception's message."""
    if status.description is None:
        return status
    return Status(status.status_code, scrub_text(status.description))


def _scrubbed_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: _scrubbed_value(name, value) for name, value in (attributes or {}).items()}


def _scrubbed_value(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if is_secret(name):
        return REDACTED
    if name in _QUERIES:
        return scrub_query(value)
    if name in _ADDRESSES:
        address, mark, query = value.partition("?")
        return scrub_text(address) + mark + scrub_query(query)
    return scrub_text(value)
