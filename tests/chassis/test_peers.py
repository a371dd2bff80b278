"""One suite over both transports: HTTP to a real server, and the isolated ASGI transport."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import groupby
from uuid import UUID

import httpx2
import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from services.chassis.actor import Actor
from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.breaker import BreakerState, CircuitBreaker
from services.chassis.clock import MovableClock
from services.chassis.deadline import Deadline, deadline_scope
from services.chassis.ids import new_id
from services.chassis.peers import PeerClient, PeerMisunderstood, PeerProblem, PeerUnavailable
from services.chassis.problems import DeadlineExceeded
from services.chassis.registry import Address, StaticRegistry
from services.schemas.base import Document, Id
from services.schemas.problem import ProblemDocument
from tests.chassis.http_server import serving

NAME = "some-peer"
ACTOR = Actor(tenant=new_id(), sub="ada")


class Thing(Document):
    id: Id
    name: str


THING = Thing(id=new_id(), name="a thing")


class Peer:
    """An app that answers what it is told, in turn, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: deque[Response | None] = deque()
        self.asked: list[tuple[Request, bytes]] = []
        self.abandoned = asyncio.Event()

    def will(self, *answers: Response | None) -> None:
        """The next answers; None never comes."""
        self.answers.extend(answers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked.append((request, await request.body()))
        answer = self.answers.popleft() if self.answers else JSONResponse(json.loads(THING.model_dump_json()))
        if answer is None:
            await self._never(receive)
        else:
            await answer(scope, receive, send)

    async def _never(self, receive: Receive) -> None:
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.abandoned.set()

    @property
    def headers(self) -> httpx2.Headers:
        return httpx2.Headers(self.asked[-1][0].headers.raw)


def mint(audience: str, tenant: UUID, actor: str, scope: str) -> str:
    return f"{audience}/{tenant}/{actor}/{scope}"


class Line:
    """The way to the peer; `client` makes clients of it."""

    def __init__(self, address: Address, transport: httpx2.AsyncBaseTransport) -> None:
        self.address = address
        self.transport = transport
        self.clients: list[PeerClient] = []

    def client(
        self, *, breaker: CircuitBreaker | None = None, timeout_ms: float = 30_000, **more: object
    ) -> PeerClient:
        made = PeerClient(
            NAME,
            registry=StaticRegistry({NAME: [self.address]}),
            transport=self.transport,
            mint=mint,
            breaker=breaker,
            timeout_ms=timeout_ms,
            **more,  # type: ignore[arg-type]  # what the test at hand is about
        )
        self.clients.append(made)
        return made


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture(params=["http", "asgi"])
async def line(request: pytest.FixtureRequest, peer: Peer) -> AsyncIterator[Line]:
    async with AsyncExitStack() as stack:
        if request.param == "http":
            made = Line(await stack.enter_async_context(serving(peer)), httpx2.AsyncHTTPTransport())
        else:
            made = Line(Address(NAME, 80), IsolatedASGITransport(peer))
        yield made
        for client in made.clients:
            await client.close()


def problem(status: int, code: str = "some_code") -> Response:
    document = ProblemDocument(
        type=f"urn:valueverse:problem:{code}", title="T", status=status, detail="D", instance="/", code=code
    )
    return Response(document.model_dump_json(), status, media_type="application/problem+json")


async def test_a_document_goes_out_and_one_comes_back(line: Line, peer: Peer) -> None:
    thing = await line.client().request(
        "POST", "/things", actor=ACTOR, scope="things:write", json=THING, params={"limit": 2}, response=Thing
    )
    assert thing == THING
    request, body = peer.asked[0]
    assert Thing.model_validate_json(body) == THING
    assert (request.method, request.url.path, request.url.query) == ("POST", "/things", "limit=2")
    assert peer.headers["authorization"] == f"Bearer {mint(NAME, ACTOR.tenant, 'ada', 'things:write')}"
    assert peer.headers["content-type"] == "application/json"
    assert 0 < int(peer.headers["x-timeout-ms"]) <= 30_000
    assert "idempotency-key" not in peer.headers


async def test_the_trace_and_the_request_id_travel_along(line: Line, peer: Peer) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    client = line.client(tracer_provider=provider)
    with (
        structlog.contextvars.bound_contextvars(request_id="request-1"),
        provider.get_tracer("test").start_as_current_span("outer") as outer,
    ):
        await client.request("GET", "/things/1", actor=ACTOR, scope="things:read")
    trace_id = f"{outer.get_span_context().trace_id:032x}"
    assert peer.headers["traceparent"].split("-")[1] == trace_id
    assert peer.headers["traceparent"].split("-")[2] != f"{outer.get_span_context().span_id:016x}"
    assert peer.headers["x-request-id"] == "request-1"


async def test_without_a_provider_the_callers_span_travels_along(line: Line, peer: Peer) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    with tracer.start_as_current_span("outer") as outer:
        await line.client().request("GET", "/", actor=ACTOR, scope="things:read")
    assert peer.headers["traceparent"].split("-")[2] == f"{outer.get_span_context().span_id:016x}"


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_what_may_be_repeated_is_repeated(line: Line, peer: Peer, status: int) -> None:
    peer.will(Response(status_code=status), problem(status))
    thing = await line.client().request("GET", "/", actor=ACTOR, scope="s", response=Thing)
    assert thing == THING
    assert len(peer.asked) == 3


async def test_a_post_is_not_repeated_unless_it_carries_a_key(line: Line, peer: Peer) -> None:
    client = line.client()
    peer.will(problem(503))
    with pytest.raises(PeerUnavailable):
        await client.request("POST", "/", actor=ACTOR, scope="s", json={})
    assert len(peer.asked) == 1
    peer.will(problem(503))
    await client.request("POST", "/", actor=ACTOR, scope="s", json={}, idempotency_key="key-1")
    assert len(peer.asked) == 3
    assert peer.headers["idempotency-key"] == "key-1"


async def test_attempts_end(line: Line, peer: Peer) -> None:
    peer.will(*(problem(503) for _ in range(9)))
    with pytest.raises(PeerUnavailable) as caught:
        await line.client().request("GET", "/", actor=ACTOR, scope="s")
    assert len(peer.asked) == 3
    assert caught.value.status == 503
    assert caught.value.reason == "it answered 503"


async def test_a_refusal_is_a_typed_problem_and_says_nothing_against_the_peer(line: Line, peer: Peer) -> None:
    breaker = CircuitBreaker(failures_to_open=1)
    peer.will(problem(404, "not_found"))
    with pytest.raises(PeerProblem) as caught:
        await line.client(breaker=breaker).request("GET", "/", actor=ACTOR, scope="s", response=Thing)
    assert (caught.value.status, caught.value.problem.code) == (404, "not_found")
    assert len(peer.asked) == 1
    assert breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize(
    "answer",
    [JSONResponse({"id": 1}), Response("no JSON"), Response("<html>", 500), Response(status_code=302)],
    ids=["wrong-document", "no-json", "no-problem", "redirect"],
)
async def test_an_answer_that_was_not_promised_is_an_error(line: Line, peer: Peer, answer: Response) -> None:
    peer.will(answer)
    with pytest.raises(PeerMisunderstood):
        await line.client().request("GET", "/", actor=ACTOR, scope="s", response=Thing)


async def test_a_peer_that_never_answers_is_unavailable_and_its_work_ends(line: Line, peer: Peer) -> None:
    peer.will(None)
    with pytest.raises(PeerUnavailable) as caught:
        await line.client(timeout_ms=50).request("GET", "/", actor=ACTOR, scope="s")
    assert caught.value.reason == "no answer in time"
    async with asyncio.timeout(10):
        await peer.abandoned.wait()


async def test_the_callers_deadline_travels_along_and_holds(line: Line, peer: Peer) -> None:
    peer.will(None)
    breaker = CircuitBreaker(failures_to_open=1)

    async def hurried() -> None:
        async with deadline_scope(Deadline.after(100)):
            await line.client(breaker=breaker).request("GET", "/", actor=ACTOR, scope="s")

    with pytest.raises(DeadlineExceeded):
        await hurried()
    assert int(peer.headers["x-timeout-ms"]) <= 100
    assert breaker.state is BreakerState.CLOSED, "a caller in a hurry says nothing about the peer"


async def test_an_open_breaker_spares_the_peer_until_a_trial_succeeds(line: Line, peer: Peer) -> None:
    clock = MovableClock()
    moves: list[tuple[str, BreakerState]] = []
    client = line.client(
        breaker=CircuitBreaker(failures_to_open=3, open_for_s=10, clock=clock),
        on_breaker=lambda name, state: moves.append((name, state)),
    )
    peer.will(*(problem(503) for _ in range(3)))
    with pytest.raises(PeerUnavailable):
        await client.request("GET", "/", actor=ACTOR, scope="s")
    with pytest.raises(PeerUnavailable) as caught:
        await client.request("GET", "/", actor=ACTOR, scope="s")
    assert caught.value.reason == "its circuit breaker is open"
    assert len(peer.asked) == 3
    clock.advance(10)
    await client.request("GET", "/", actor=ACTOR, scope="s")
    assert [state for state, _ in groupby(state for _, state in moves)] == [
        "closed", "open", "half-open", "closed",
    ]  # fmt: skip
    assert {name for name, _ in moves} == {NAME}


async def test_without_a_healthy_instance_nothing_is_tried(line: Line, peer: Peer) -> None:
    client = PeerClient(
        "unknown-peer", registry=StaticRegistry({}), transport=line.transport, mint=mint, timeout_ms=1000
    )
    with pytest.raises(PeerUnavailable):
        await client.request("GET", "/", actor=ACTOR, scope="s")
    assert peer.asked == []


async def test_another_instance_is_tried_when_one_refuses_the_connection(peer: Peer) -> None:
    async with serving(peer) as gone:
        pass
    async with serving(peer) as there:
        client = PeerClient(
            NAME,
            registry=StaticRegistry({NAME: [gone, there]}),
            transport=httpx2.AsyncHTTPTransport(),
            mint=mint,
        )
        for _ in range(10):
            await client.request("GET", "/", actor=ACTOR, scope="s")
        await client.close()
    assert len(peer.asked) == 10
