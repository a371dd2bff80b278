"""What operators see of one request: one trace from its arrival to the last effect, told in problems too."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import SpanKind

from services.chassis.metrics_endpoint import PATH as METRICS
from services.schemas.envelope import REPLY_TYPE
from tests.harness.platform import Company, TestPlatform
from tests.harness.waiting import eventually
from tests.platform.makers import make_hypothesis


class Recorder(SpanProcessor):
    """Keeps the spans that end, until it is told to stop: a provider never forgets a processor."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.stopped = False

    def on_end(self, span: ReadableSpan) -> None:
        if not self.stopped:
            self.spans.append(span)

    def trace(self, trace_id: str) -> "Trace":
        return Trace(
            [span for span in self.spans if span.context and span.context.trace_id == int(trace_id, 16)]
        )


class Trace:
    """The spans of one trace, and which stands under which."""

    def __init__(self, spans: list[ReadableSpan]) -> None:
        self._spans = spans
        self._by_id = {span.context.span_id: span for span in spans if span.context}

    def of(self, service: str, kind: SpanKind) -> list[ReadableSpan]:
        return [
            span
            for span in self._spans
            if span.kind is kind and span.resource.attributes["service.name"] == service
        ]

    def is_under(self, span: ReadableSpan, ancestor: ReadableSpan) -> bool:
        current: ReadableSpan | None = span
        while current is not None and current is not ancestor:
            current = self._by_id.get(current.parent.span_id) if current.parent else None
        return current is ancestor


@pytest.fixture
def recorder(platform: TestPlatform) -> Iterator[Recorder]:
    """The spans of all services, from now on."""
    recorder = Recorder()
    for app in platform.embedded.apps.values():
        app.state.runtime.tracer_provider.add_span_processor(recorder)
    yield recorder
    recorder.stopped = True


def traceparent(trace_id: str) -> dict[str, str]:
    return {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}


async def test_one_trace_holds_request_sql_event_and_handler(company: Company, recorder: Recorder) -> None:
    hypothesis = await make_hypothesis(company)
    trace_id = uuid4().hex
    accepted = await company.person("maker", "value-engineer").post(
        f"/api/v1/architect/hypotheses/{hypothesis['hypothesis_id']}/accept",
        headers={"If-Match": '"1"'} | traceparent(trace_id),
    )
    assert accepted.status_code == 200, accepted.text

    async def handled() -> Trace | None:
        trace = recorder.trace(trace_id)
        return trace if trace.of("notification-service", SpanKind.CONSUMER) else None

    trace = await eventually(handled)
    [request] = trace.of("value-architect", SpanKind.SERVER)
    [handler] = trace.of("notification-service", SpanKind.CONSUMER)
    assert trace.is_under(handler, request)
    for side, service in ((request, "value-architect"), (handler, "notification-service")):
        statements = [
            str(span.attributes["db.query.text"])
            for span in trace.of(service, SpanKind.CLIENT)
            if span.attributes and "db.query.text" in span.attributes and trace.is_under(span, side)
        ]
        assert any(statement.startswith("INSERT INTO") for statement in statements), statements


async def test_one_trace_holds_the_call_of_a_peer(company: Company, recorder: Recorder) -> None:
    account = {"name": "Nordwerk", "industry": "manufacturing", "currency": "EUR", "pains": ["downtime"]}
    person = company.person("maker", "value-engineer")
    made = await person.post("/api/v1/architect/accounts", json=account)
    trace_id = uuid4().hex
    proposed = await person.post(
        "/api/v1/architect/hypotheses/generate",
        json={"account_id": made.json()["id"]},
        headers=traceparent(trace_id),
    )
    assert proposed.status_code == 201
    trace = recorder.trace(trace_id)
    [request] = trace.of("value-architect", SpanKind.SERVER)
    answers = trace.of("calculation-engine", SpanKind.SERVER)
    assert answers
    assert all(trace.is_under(answer, request) for answer in answers)


async def test_a_problem_tells_its_trace(company: Company) -> None:
    trace_id = uuid4().hex
    answer = await company.person("maker", "value-engineer").get(
        f"/api/v1/architect/models/{uuid4()}", headers=traceparent(trace_id)
    )
    assert answer.json()["trace_id"] == trace_id


async def test_every_service_expects_what_it_handles(platform: TestPlatform) -> None:
    async with platform.client() as client:
        text = (await client.get(METRICS)).text
    for service, kind in (
        ("notification-service", "architect.model.approved.v1"),
        ("value-executor", "executor.create-plan.v1"),
        ("value-committer", REPLY_TYPE),
    ):
        line = f'consumer_messages_total{{outcome="dead",service="{service}",type="{kind}"}} 0.0'
        assert line in text


async def test_the_cache_s_failures_are_counted(platform: TestPlatform) -> None:
    async with platform.client() as client:
        text = (await client.get(METRICS)).text
    assert 'cache_failures_total{service="value-architect"} 0.0' in text
