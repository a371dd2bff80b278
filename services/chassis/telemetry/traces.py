"""Traces: one from the gateway through services, SQL, bus and handler (W3C Trace Context, OTLP over HTTP).

Each service has a tracer provider of its own, never the process's global one: six may share a process.
"""

import asyncio
import random
from collections.abc import MutableMapping

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.chassis import grace
from services.chassis.telemetry.span_export import ScrubbingExporter

_EXPORT_EVERY_MS = 1000
_QUEUE = 4096  # one export holds all of it
_TRACES_PATH = "/v1/traces"
_INSTRUMENTATION = "valueverse"
_W3C = TraceContextTextMapPropagator()


class _OwnIds(IdGenerator):
    """Ids from a source of their own: two processes that seed the shared one alike must not share traces."""

    def __init__(self) -> None:
        self._source = random.Random()  # noqa: S311  # ids, not secrets; seeded by the system

    def generate_span_id(self) -> int:
        return self._source.getrandbits(64) or 1

    def generate_trace_id(self) -> int:
        return self._source.getrandbits(128) or 1


def make_tracer_provider(service: str, otlp_endpoint: str) -> TracerProvider:
    """The tracer provider of a service; it exports only if an OTLP endpoint is configured.

    `otlp_endpoint` is the base address, such as http://jaeger:4318, or empty. Without it spans still exist:
    logs, problems and headers carry a trace id.
    """
    provider = TracerProvider(
        resource=Resource({SERVICE_NAME: service}), id_generator=_OwnIds(), shutdown_on_exit=False
    )
    if otlp_endpoint:
        address = otlp_endpoint.rstrip("/") + _TRACES_PATH
        exporter = ScrubbingExporter(OTLPSpanExporter(endpoint=address, timeout=grace.EXPORT_S))
        provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=_QUEUE,
                max_export_batch_size=_QUEUE,
                schedule_delay_millis=_EXPORT_EVERY_MS,
            )
        )
    return provider


async def close_tracer_provider(provider: TracerProvider) -> None:
    """Exports what is left; a collector that is away holds it up for a few seconds at most."""
    await asyncio.to_thread(provider.shutdown)


def fastapi_telemetry(provider: trace.TracerProvider) -> TelemetryConfig:
    """What FastAPI's own telemetry is to do: one server span a request, and nothing that we do ourselves."""
    return {
        "tracer_provider": provider,
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "auto_configure": False,
    }


def tracer(provider: trace.TracerProvider | None) -> trace.Tracer:
    """The tracer for spans of the platform's own; without a provider its spans are not recorded."""
    return (provider or trace.NoOpTracerProvider()).get_tracer(_INSTRUMENTATION)


def current_trace_id() -> str | None:
    """The id of the current trace in hexadecimal, if there is one."""
    span = trace.get_current_span().get_span_context()
    return trace.format_trace_id(span.trace_id) if span.is_valid else None


def current_traceparent() -> str | None:
    """The current span as a W3C `traceparent`, if there is one."""
    headers: dict[str, str] = {}
    inject(headers)
    return headers.get("traceparent")


def inject(headers: MutableMapping[str, str]) -> None:
    """Adds the current span to the headers of a request or message."""
    _W3C.inject(headers)


def extract(traceparent: str | None) -> Context:
    """The context of the span that a `traceparent` names; an empty one without it, or if it is malformed."""
    return _W3C.extract({} if traceparent is None else {"traceparent": traceparent}, Context())
