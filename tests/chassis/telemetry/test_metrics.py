import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.responses import PlainTextResponse

from services.chassis.breaker import BreakerState
from services.chassis.business import BusinessCounter
from services.chassis.cache.memory import MemoryCache
from services.chassis.telemetry.metrics import Metrics, MetricsMiddleware, render
from services.chassis.telemetry.traces import fastapi_telemetry

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("value-architect")


@pytest.fixture
def gate() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def client(metrics: Metrics, gate: asyncio.Event) -> AsyncIterator[httpx2.AsyncClient]:
    router = APIRouter()

    @router.get("/models/{model_id}")
    async def model(model_id: str) -> str:
        return model_id

    @router.post("/broken")
    async def broken() -> None:
        raise RuntimeError("a fault")

    @router.get("/slow")
    async def slow() -> None:
        await gate.wait()

    app = FastAPI(telemetry=fastapi_telemetry(TracerProvider(shutdown_on_exit=False)))
    app.include_router(router, prefix="/api/v1/architect")
    app.mount("/static", PlainTextResponse("asset"))
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def requests(metrics: Metrics) -> dict[tuple[str, str, str], float]:
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in metrics.collect()
        for sample in family.samples
        if sample.name == "http_requests_total"
    }


async def test_requests_are_counted_by_the_whole_route_template(
    client: httpx2.AsyncClient, metrics: Metrics
) -> None:
    for path in ("models/1", "models/2", "nowhere", "models/3/4"):
        await client.get(f"/api/v1/architect/{path}")
    await client.delete("/api/v1/architect/models/1")
    await client.post("/api/v1/architect/broken")
    await client.get("/static/style.css")
    await client.request("BREW", "/api/v1/architect/models/1")
    assert requests(metrics) == {
        ("GET", "/api/v1/architect/models/{model_id}", "200"): 2,
        ("GET", "unmatched", "404"): 2,
        ("DELETE", "/api/v1/architect/models/{model_id}", "405"): 1,
        ("POST", "/api/v1/architect/broken", "500"): 1,
        ("GET", "/static/{path}", "200"): 1,
        ("other", "/api/v1/architect/models/{model_id}", "405"): 1,
    }


async def test_requests_in_progress_are_counted_while_they_are(
    client: httpx2.AsyncClient, metrics: Metrics, gate: asyncio.Event
) -> None:
    def in_progress() -> float | None:
        return metrics.registry.get_sample_value("http_requests_in_progress", {"method": "GET"})

    call = asyncio.create_task(client.get("/api/v1/architect/slow"))
    async with asyncio.timeout(5):
        while in_progress() != 1:  # noqa: ASYNC110  # nothing tells us
            await asyncio.sleep(0.001)
    gate.set()
    await call
    assert in_progress() == 0


async def test_durations_carry_exemplars_with_the_trace(client: httpx2.AsyncClient, metrics: Metrics) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    traceparent = f"00-{trace_id}-00f067aa0ba902b7-01"
    await client.get("/api/v1/architect/models/1", headers={"traceparent": traceparent})
    body, content_type = metrics.render(OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text")
    exemplars = [
        sample.exemplar.labels
        for family in parsed(body, OPENMETRICS)
        for sample in family.samples
        if sample.exemplar is not None and sample.name.endswith("_bucket")
    ]
    assert exemplars == [{"trace_id": trace_id}]


def parsed(body: bytes, accept: str = "text/plain") -> Iterator[Metric]:
    if accept == OPENMETRICS:
        yield from openmetrics.text_string_to_metric_families(body.decode())  # type: ignore[no-untyped-call]  # untyped there
    else:
        yield from text_string_to_metric_families(body.decode())


def test_every_sample_carries_the_service(metrics: Metrics) -> None:
    approved = metrics.counter("models_approved_total", "Models approved.", "currency")
    approved.labels(currency="EUR").inc()
    metrics.outbox_backlog.set(3)
    body, content_type = metrics.render("text/plain")
    assert content_type.startswith("text/plain")
    samples = [sample for family in parsed(body) for sample in family.samples]
    assert {sample.labels["service"] for sample in samples} == {"value-architect"}
    assert {"models_approved_total", "outbox_backlog", "outbox_age_seconds"} <= {
        sample.name for sample in samples
    }


@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS])
def test_several_services_make_one_exposition(accept: str) -> None:
    first, second = Metrics("value-architect"), Metrics("calculation-engine")
    first.outbox_backlog.set(1)
    second.outbox_backlog.set(2)
    second.counter("evaluations_total", "Evaluations.").inc()
    body, _ = render([first, second], accept)
    assert body.count(b"# HELP outbox_backlog ") == 1
    found = {
        sample.labels["service"]: sample.value
        for family in parsed(body, accept)
        for sample in family.samples
        if sample.name == "outbox_backlog"
    }
    assert found == {"value-architect": 1, "calculation-engine": 2}
    assert b'evaluations_total{service="calculation-engine"} 1.0' in body


async def test_what_became_of_the_cache_s_calls_is_shown(metrics: Metrics) -> None:
    cache = MemoryCache()
    metrics.watch_cache(cache)
    await cache.set("here", b"1", ttl_s=60)
    for key in ("here", "away", "here"):
        await cache.get(key)
    page = metrics.render("")[0]
    assert b'cache_failures_total{service="value-architect"} 0.0' in page
    assert b'cache_reads_total{outcome="hit",service="value-architect"} 2.0' in page
    assert b'cache_reads_total{outcome="miss",service="value-architect"} 1.0' in page


def test_messages_that_are_expected_are_shown_before_the_first(metrics: Metrics) -> None:
    metrics.expect_messages(["architect.model.approved.v1"])
    for outcome in ("handled", "repeated", "retried", "dead"):
        labels = {"type": "architect.model.approved.v1", "outcome": outcome}
        assert metrics.registry.get_sample_value("consumer_messages_total", labels) == 0


def test_a_business_counter_shows_what_it_knows_before_the_first(metrics: Metrics) -> None:
    sent = BusinessCounter("sent_total", "Sent.", ("channel", "outcome"), shown=(("email", "dead"),))
    metrics.declare(sent)
    value = metrics.registry.get_sample_value
    assert value("sent_total", {"channel": "email", "outcome": "dead"}) == 0
    assert value("sent_total", {"channel": "email", "outcome": "delivered"}) is None


def test_breakers_and_pools_are_told_as_they_are(metrics: Metrics) -> None:
    metrics.breaker_moved("calculation-engine", BreakerState.OPEN)
    engine = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1/none", pool_size=7)
    metrics.watch_pool("runtime", engine)
    value = metrics.registry.get_sample_value
    assert value("peer_breaker_state", {"peer": "calculation-engine"}) == 2
    assert value("database_pool_connections", {"pool": "runtime", "state": "limit"}) == 7
    assert value("database_pool_connections", {"pool": "runtime", "state": "in_use"}) == 0
