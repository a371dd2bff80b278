import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.chassis.telemetry import span_export
from services.chassis.telemetry.span_export import ScrubbingExporter
from services.chassis.telemetry.traces import (
    close_tracer_provider,
    current_trace_id,
    current_traceparent,
    extract,
    fastapi_telemetry,
    inject,
    make_tracer_provider,
    tracer,
)
from tests.chassis.http_server import serving
from tests.harness.logs import logged_by

SECRET = "hunter2-hunter2"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exported: InMemorySpanExporter) -> TracerProvider:
    made = make_tracer_provider("value-architect", "")
    made.add_span_processor(SimpleSpanProcessor(ScrubbingExporter(exported)))
    return made


@pytest.fixture
async def client(provider: TracerProvider) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI(telemetry=fastapi_telemetry(provider))

    @app.get("/models/{model_id}")
    async def model(model_id: str) -> str | None:
        return current_trace_id()

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_a_request_is_one_span_of_the_callers_trace(
    client: httpx2.AsyncClient, exported: InMemorySpanExporter
) -> None:
    answer = await client.get("/models/1", headers={"traceparent": TRACEPARENT})
    assert answer.json() == TRACE_ID
    (span,) = exported.get_finished_spans()
    assert span.name == "GET /models/{model_id}"
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert span.resource.attributes["service.name"] == "value-architect"


async def test_values_of_the_query_are_not_exported(
    client: httpx2.AsyncClient, exported: InMemorySpanExporter
) -> None:
    await client.get(f"/models/1?cursor={SECRET}&limit=5")
    (span,) = exported.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["url.query"] == "cursor=[redacted]&limit=[redacted]"
    assert SECRET not in span.to_json()


def test_secrets_of_any_attribute_and_event_are_not_exported(
    provider: TracerProvider, exported: InMemorySpanExporter
) -> None:
    def work() -> None:
        with provider.get_tracer("test").start_as_current_span("work") as span:
            span.set_attributes(
                {
                    "http.target": f"/hooks/1?token={SECRET}",
                    "url.full": f"https://ada:{SECRET}@example.net/a?b={SECRET}",
                    "http.request.header.authorization": SECRET,
                    "attempt": 1,
                }
            )
            raise ConnectionError(f"amqp://user:{SECRET}@broker/ is away")

    with pytest.raises(ConnectionError):
        work()
    (span,) = exported.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["http.target"] == "/hooks/1?token=[redacted]"
    assert span.attributes["attempt"] == 1
    assert [event.name for event in span.events] == ["exception"]
    assert SECRET not in span.to_json()


def test_the_current_span_travels_in_headers(provider: TracerProvider) -> None:
    assert current_trace_id() is None
    assert current_traceparent() is None
    with tracer(provider).start_as_current_span("s") as span:
        headers: dict[str, str] = {"kept": "1"}
        inject(headers)
        assert headers == {"kept": "1", "traceparent": current_traceparent()}
        assert current_trace_id() == f"{span.get_span_context().trace_id:032x}"
    onward = trace.get_current_span(extract(headers["traceparent"])).get_span_context()
    assert onward.is_remote
    assert onward.span_id == span.get_span_context().span_id


@pytest.mark.parametrize("traceparent", [None, "", "nonsense", "00-0-0-01"])
def test_without_a_good_traceparent_a_new_trace_begins(traceparent: str | None) -> None:
    assert not trace.get_current_span(extract(traceparent)).get_span_context().is_valid


class Collector:
    """Takes spans by OTLP over HTTP."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.spans: list[tuple[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.paths.append(request.url.path)
        for resource in ExportTraceServiceRequest.FromString(await request.body()).resource_spans:
            service = next(
                item.value.string_value for item in resource.resource.attributes if item.key == "service.name"
            )
            self.spans += [(service, span.name) for scoped in resource.scope_spans for span in scoped.spans]
        await Response()(scope, receive, send)


async def test_spans_are_sent_to_the_collector_the_last_ones_at_the_end() -> None:
    collector = Collector()
    async with serving(collector) as address:
        provider = make_tracer_provider("value-architect", address.url + "/")
        with tracer(provider).start_as_current_span("work"):
            pass
        await close_tracer_provider(provider)
    assert set(collector.paths) == {"/v1/traces"}
    assert collector.spans == [("value-architect", "work")]


async def test_a_collector_that_is_away_is_logged_once_and_holds_nobody_up() -> None:
    async with serving(Collector()) as address:
        pass
    provider = make_tracer_provider("value-architect", address.url)
    with logged_by(span_export) as logged:
        for _ in range(2):
            with tracer(provider).start_as_current_span("work"):
                pass
            await asyncio.to_thread(provider.force_flush)
        async with asyncio.timeout(20):
            await close_tracer_provider(provider)
    assert logged.events == ["trace_collector_away"]
