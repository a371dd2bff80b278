"""Where tests read traces: an OTLP receiver of their own, or Jaeger's query API."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Span:
    """A finished span. `kind` is server, client, producer, consumer or internal; ids are hexadecimal."""

    service: str
    name: str
    kind: str
    id: str
    parent: str | None
    attributes: dict[str, str]


class Trace:
    """The spans of one trace, and which stands under which."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans = list(spans)
        self._by_id = {span.id: span for span in self.spans}

    def of(self, service: str, kind: str) -> list[Span]:
        """A service's spans of a kind."""
        return [span for span in self.spans if (span.service, span.kind) == (service, kind)]

    def statements(self, service: str) -> list[str]:
        """The SQL that a service has run."""
        texts = (span.attributes.get("db.query.text") for span in self.of(service, "client"))
        return [text for text in texts if text is not None]

    def is_under(self, span: Span, ancestor: Span) -> bool:
        """Whether one span stands anywhere under another."""
        current: Span | None = span
        while current is not None and current is not ancestor:
            current = self._by_id.get(current.parent) if current.parent else None
        return current is ancestor


class Traces(Protocol):
    """Where a trace can be looked up."""

    async def trace(self, trace_id: str) -> Trace:
        """All of it that has come so far."""


class OtlpReceiver:
    """An ASGI app that takes spans by OTLP over HTTP, and keeps them by trace."""

    def __init__(self) -> None:
        self._spans: defaultdict[str, list[Span]] = defaultdict(list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exported = ExportTraceServiceRequest.FromString(await Request(scope, receive).body())
        for resource in exported.resource_spans:
            service = _attributes(resource.resource.attributes)["service.name"]
            for scoped in resource.scope_spans:
                for span in scoped.spans:
                    self._spans[span.trace_id.hex()].append(_span(service, span))
        await Response()(scope, receive, send)

    async def trace(self, trace_id: str) -> Trace:
        return Trace(self._spans.get(trace_id, ()))


def _span(service: str, span: OtlpSpan) -> Span:
    return Span(
        service=service,
        name=span.name,
        kind=OtlpSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex() or None,
        attributes=_attributes(span.attributes),
    )


def _attributes(found: Iterable[Any]) -> dict[str, str]:
    return {
        each.key: str(getattr(each.value, each.value.WhichOneof("value") or "string_value")) for each in found
    }


class Jaeger:
    """Traces as Jaeger's query API tells them."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def trace(self, trace_id: str) -> Trace:
        async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
            answer = await client.get(f"{self._url}/api/traces/{trace_id}")
        if answer.status_code == _NOT_FOUND:
            return Trace(())
        answer.raise_for_status()
        return Trace(_told(each, span) for each in answer.json()["data"] for span in each["spans"])


def _told(trace: dict[str, Any], span: dict[str, Any]) -> Span:
    attributes = {tag["key"]: str(tag["value"]) for tag in span["tags"]}
    above = (each["spanID"] for each in span["references"] if each["refType"] == "CHILD_OF")
    return Span(
        service=trace["processes"][span["processID"]]["serviceName"],
        name=span["operationName"],
        kind=attributes.get("span.kind", "internal"),
        id=span["spanID"],
        parent=next(above, None),
        attributes=attributes,
    )
