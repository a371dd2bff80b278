"""The embedded gateway routes as Kong does, and keeps each call to itself."""

import asyncio
import contextvars
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis.tokens import mint_internal_token
from services.launcher.dispatcher import Dispatcher, normalised
from services.launcher.gateway_pages import gateway_pages
from services.launcher.ports import LOOPBACK
from services.launcher.routes import gateway_routes
from services.launcher.serving import Address, bound, serving
from services.schemas.directory import SERVICES, ServiceIdentity

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="untouched")


def echo(name: str) -> ASGIApp:
    """An app that says who it is and what it was asked."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        seen = VARIABLE.get()
        VARIABLE.set(f"touched by {name}")
        raw = scope["raw_path"].decode()
        answer = JSONResponse({"app": name, "path": request.url.path, "raw_path": raw, "variable": seen})
        await answer(scope, receive, send)

    return app


def render_metrics(accept: str) -> tuple[bytes, str]:
    return f"# for {accept}\n".encode(), "text/plain; version=0.0.4"


def dispatcher_before(apps: dict[str, ASGIApp]) -> Dispatcher:
    pages = gateway_pages(list(SERVICES.values()), render_metrics)
    return Dispatcher(apps, gateway_routes(), pages)


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    """Where the dispatcher is really served, before apps that echo: paths come in as they were sent."""
    dispatcher = dispatcher_before({each.name: echo(each.name) for each in SERVICES.values()})
    with bound([Address(LOOPBACK, 0)]) as (opened,):
        async with serving([(dispatcher, opened)]):
            yield opened.getsockname()[1]


@pytest.fixture
async def gateway(port: int) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as client:
        yield client


async def sent(port: int, target: str, *headers: str) -> tuple[int, dict[str, str]]:
    """The answer to a request target and headers that are sent as they stand, as no client library would."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    lines = [f"GET {target} HTTP/1.1", "Host: gateway", "Connection: close", *headers, "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def internal_token() -> str:
    return mint_internal_token(
        secret="never-signs-anything-" + "1" * 32,
        audience="value-architect",
        tenant=uuid4(),
        actor="ada",
        scope="architect:read",
        now=datetime.now(UTC),
    )


@pytest.mark.parametrize("identity", SERVICES.values(), ids=lambda identity: identity.slug)
async def test_each_service_has_the_paths_of_its_prefix(
    gateway: httpx2.AsyncClient, identity: ServiceIdentity
) -> None:
    for path in ("", "/", "/health", "/docs/swagger-ui.css", "/things/1?a=b"):
        answer = (await gateway.get(f"{identity.prefix}{path}")).json()
        assert answer["app"] == identity.name
        assert answer["path"] == f"{identity.prefix}{path}".partition("?")[0]


ROUTED = {
    "/api/v1/architect/../notification/inbox": ("notification-service", "/api/v1/notification/inbox"),
    "/api/v1/architect/%2e%2e/notification": ("notification-service", "/api/v1/notification"),
    "/api/v1/architect/%2E./notification/": ("notification-service", "/api/v1/notification/"),
    "//api//v1/architect///drivers": ("value-architect", "/api/v1/architect/drivers"),
    "/api/v1/./architect/drivers": ("value-architect", "/api/v1/architect/drivers"),
    "/api/v1/%61rchitect/drivers": ("value-architect", "/api/v1/architect/drivers"),
    "/../../api/v1/architect": ("value-architect", "/api/v1/architect"),
    "/api/v1/architect/health/../drivers": ("value-architect", "/api/v1/architect/drivers"),
    "/api/v1/architect/drivers/..": ("value-architect", "/api/v1/architect/"),
    "/api/v1/architect/a%2f..%2fb": ("value-architect", "/api/v1/architect/a/../b"),
}


@pytest.mark.parametrize(("target", "expected"), ROUTED.items(), ids=ROUTED.keys())
async def test_a_path_is_normalised_before_it_is_matched_and_handed_on(
    port: int, target: str, expected: tuple[str, str]
) -> None:
    status, answer = await sent(port, target)
    assert status == 200
    assert (answer["app"], answer["path"]) == expected


UNROUTED = [
    "/api/v1/architectfoo",
    "/api/v1/architect-foo/health",
    "/api/v1/Architect",
    "/api/v1/architect%2Fdrivers",
    "/api/v1",
    "/api/v2/architect/health",
    "/x/api/v1/architect",
    "/api/v1/architect/../nowhere",
    "/api/v1/architect/..",
    "/metrics",
    "/%00",
    "/%C3%A9",
]


@pytest.mark.parametrize("target", UNROUTED)
async def test_every_other_path_has_no_route(port: int, target: str) -> None:
    status, problem = await sent(port, target)
    assert (status, problem["code"]) == (404, "no_route")


def test_a_service_that_does_not_run_has_no_route() -> None:
    dispatcher = dispatcher_before({"value-architect": echo("value-architect")})
    assert {route.service for route in dispatcher._routes} == {"value-architect"}


NORMALISED = {
    b"/": "/",
    b"/a/b": "/a/b",
    b"//a//b": "/a/b",
    b"/a/../b": "/b",
    b"/a/%2e%2e/b": "/b",
    b"/a//../b": "/b",
    b"/a/b/..": "/a/",
    b"/a/b/.": "/a/b/",
    b"/a/.b/..c": "/a/.b/..c",
    b"/%61/b/": "/a/b/",
    b"/a%2fb%3a": "/a%2Fb%3A",
    b"/a%252e%252e/b": "/a%252e%252e/b",
    b"/../../a": "/a",
    b"/a/../..": "/",
}


@pytest.mark.parametrize(("raw", "path"), NORMALISED.items(), ids=[raw.decode() for raw in NORMALISED])
def test_paths_are_normalised_as_kong_does(raw: bytes, path: str) -> None:
    assert normalised(raw) == path


@given(st.lists(st.sampled_from(["a", "..", ".", "", "%2e", "%2E%2e", "%2f", "%25", "%"]), max_size=8))
def test_a_normalised_path_has_no_detours_and_stays_as_it_is(segments: list[str]) -> None:
    path = normalised("/".join(["", *segments]).encode())
    assert path.startswith("/")
    assert path == "/" or not {"", ".", ".."} & set(path.strip("/").split("/"))
    assert normalised(path.encode()) == path


SPELLINGS = ["Bearer {}", "bearer {}", "Bearer  {}", "Bearer {} ", "Bearer \xa0{}", "Basic {}"]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_nobody_outside_speaks_as_a_service(port: int, spelling: str) -> None:
    header = f"Authorization: {spelling.format(internal_token())}"
    status, problem = await sent(port, "/api/v1/architect/drivers", header)
    assert (status, problem["code"]) == (401, "unauthenticated")
    assert "gateway" in problem["detail"]


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/architect/drivers"])
async def test_what_the_gateway_refuses_carries_a_request_id(gateway: httpx2.AsyncClient, path: str) -> None:
    headers = {"Authorization": f"Bearer {internal_token()}"}
    made = await gateway.get(path, headers=headers)
    kept = await gateway.get(path, headers={**headers, "X-Request-ID": "r-1"})
    assert made.is_error
    assert made.headers["x-request-id"] != kept.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize(
    "header", ["Bearer garbage", "Bearer", "Bearer " + "a" * 9000, "\xff", "Bearer a.b.c"]
)
async def test_every_other_token_is_the_service_s_to_judge(port: int, header: str) -> None:
    status, answer = await sent(port, "/api/v1/architect/drivers", f"Authorization: {header}")
    assert (status, answer["app"]) == (200, "value-architect")


async def test_calls_share_no_context(gateway: httpx2.AsyncClient) -> None:
    for _ in range(2):
        answers = await asyncio.gather(*(gateway.get(each.prefix) for each in SERVICES.values()))
        assert {answer.json()["variable"] for answer in answers} == {"untouched"}
    assert VARIABLE.get() == "untouched"


async def test_who_hangs_up_stops_the_work() -> None:
    working, stopped = asyncio.Event(), asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        working.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    transport = httpx2.ASGITransport(dispatcher_before({"value-architect": app}))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        call = asyncio.create_task(client.get("/api/v1/architect"))
        await asyncio.wait_for(working.wait(), 5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert stopped.is_set()


async def test_the_gateway_s_own_pages(gateway: httpx2.AsyncClient) -> None:
    assert (await gateway.get("/health")).json() == {"status": "healthy"}
    assert (await gateway.get("/")).json()["docs"]["value-architect"] == "/api/v1/architect/docs"
    page = await gateway.get("/", headers={"Accept": "text/html,*/*"})
    assert '<a href="/api/v1/notification/docs">Notification</a>' in page.text
    metrics = await gateway.get("/api/v1/metrics", headers={"Accept": "text/plain"})
    assert metrics.text == "# for text/plain\n"
    assert metrics.headers["content-type"] == "text/plain; version=0.0.4"


async def test_the_gateway_s_own_pages_are_read_alone(gateway: httpx2.AsyncClient) -> None:
    refused = await gateway.post("/health")
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert (await gateway.head("/health")).status_code == 200
