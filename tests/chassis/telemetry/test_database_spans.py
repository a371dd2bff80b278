"""Database spans over a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.chassis.telemetry.database_spans import trace_database
from tests.servers.postgres import PostgresServer

SECRET = "hunter2-hunter2"


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exported: InMemorySpanExporter) -> TracerProvider:
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(SimpleSpanProcessor(exported))
    return made


@pytest.fixture
async def engine(postgres_server: PostgresServer, provider: TracerProvider) -> AsyncIterator[AsyncEngine]:
    url = make_url(postgres_server.owner_url).set(drivername="postgresql+asyncpg")
    made = create_async_engine(url, connect_args={"ssl": False})
    trace_database(made, provider)
    yield made
    await made.dispose()


async def test_a_statement_is_a_client_span_of_its_request_without_values(
    engine: AsyncEngine, provider: TracerProvider, exported: InMemorySpanExporter
) -> None:
    with provider.get_tracer("test").start_as_current_span("request") as request:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT CAST(:value AS text)"), {"value": SECRET})
    spans = [span for span in exported.get_finished_spans() if span.name == "SELECT"]
    span = next(span for span in spans if "CAST" in str((span.attributes or {})["db.query.text"]))
    assert span.kind is SpanKind.CLIENT
    assert span.parent is not None
    assert span.parent.span_id == request.get_span_context().span_id
    assert span.attributes is not None
    assert span.attributes["db.system.name"] == "postgresql"
    assert span.attributes["db.namespace"] == engine.url.database
    assert all(SECRET not in span.to_json() for span in spans)


async def test_a_statement_that_fails_is_an_error_without_the_values_of_its_message(
    engine: AsyncEngine, provider: TracerProvider, exported: InMemorySpanExporter
) -> None:
    async def fail() -> None:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT CAST(CAST(:value AS text) AS integer)"), {"value": SECRET})

    with provider.get_tracer("test").start_as_current_span("request"), pytest.raises(DBAPIError):
        await fail()
    (span,) = (span for span in exported.get_finished_spans() if span.status.status_code is StatusCode.ERROR)
    assert span.attributes is not None
    assert span.attributes["error.type"] == "22P02"
    assert SECRET not in span.to_json()


async def test_statements_outside_a_trace_make_none(
    engine: AsyncEngine, exported: InMemorySpanExporter
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("SELECT 1"))
    assert exported.get_finished_spans() == ()
