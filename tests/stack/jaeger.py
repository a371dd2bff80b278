"""Jaeger's double in a container: takes spans by OTLP over HTTP, and tells them by Jaeger's query API."""

import asyncio
import signal
from collections import defaultdict
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.launcher.serving import Address, bound, serving

_ANYWHERE = "0.0.0.0"  # noqa: S104  # in a container
_OTLP, _QUERY = 4318, 16686


class Spans:
    """Every span that came, by trace, as Jaeger's JSON has it."""

    def __init__(self) -> None:
        self._by_trace: defaultdict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)

    def keep(self, exported: ExportTraceServiceRequest) -> None:
        for resource in exported.resource_spans:
            service = _tags(resource.resource.attributes)["service.name"]
            for scoped in resource.scope_spans:
                for span in scoped.spans:
                    self._by_trace[span.trace_id.hex()].append((service, _as_jaeger(span)))

    def services(self) -> list[str]:
        return sorted({service for spans in self._by_trace.values() for service, _ in spans})

    def trace(self, trace_id: str) -> dict[str, Any] | None:
        """One trace with the processes that its spans name; None if nothing of it came."""
        found = self._by_trace.get(trace_id)
        if found is None:
            return None
        return {
            "traceID": trace_id,
            "spans": [{**span, "traceID": trace_id, "processID": service} for service, span in found],
            "processes": {service: {"serviceName": service, "tags": []} for service, _ in found},
        }


def _as_jaeger(span: Span) -> dict[str, Any]:
    kind = Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower()
    tags = {"span.kind": kind, **_tags(span.attributes)}
    parent = span.parent_span_id.hex()
    return {
        "spanID": span.span_id.hex(),
        "operationName": span.name,
        "references": [{"refType": "CHILD_OF", "spanID": parent}] if parent else [],
        "startTime": span.start_time_unix_nano // 1000,
        "duration": (span.end_time_unix_nano - span.start_time_unix_nano) // 1000,
        "tags": [{"key": key, "type": "string", "value": value} for key, value in tags.items()],
    }


def _tags(attributes: Any) -> dict[str, str]:
    return {
        each.key: str(getattr(each.value, each.value.WhichOneof("value") or "string_value"))
        for each in attributes
    }


def receiver(spans: Spans) -> Starlette:
    """Where spans are sent."""

    async def export(request: Request) -> Response:
        spans.keep(ExportTraceServiceRequest.FromString(await request.body()))
        return Response(media_type="application/x-protobuf")

    return Starlette(routes=[Route("/v1/traces", export, methods=["POST"])])


def query(spans: Spans) -> Starlette:
    """Where they are asked for."""

    async def trace(request: Request) -> Response:
        found = spans.trace(request.path_params["id"])
        if found is None:
            return JSONResponse({"data": [], "errors": [{"code": 404, "msg": "trace not found"}]}, 404)
        return JSONResponse({"data": [found]})

    async def services(_request: Request) -> Response:
        return JSONResponse({"data": spans.services()})

    return Starlette(routes=[Route("/api/traces/{id}", trace), Route("/api/services", services)])


async def _main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    spans = Spans()
    with bound([Address(_ANYWHERE, _OTLP), Address(_ANYWHERE, _QUERY)]) as sockets:
        async with serving([(receiver(spans), sockets[0]), (query(spans), sockets[1])]):
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(_main())
