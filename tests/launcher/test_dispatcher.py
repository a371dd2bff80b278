"""The embedded gateway routes as Kong does, from Kong's own file."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.tokens import mint_internal_token
from services.launcher.dispatcher import Dispatcher, normalised
from services.launcher.documents import unconnected_app
from services.launcher.routes import gateway_routes
from services.schemas.directory import SERVICES


@pytest.fixture(scope="module")
def apps() -> dict[str, FastAPI]:
    return {identity.name: unconnected_app(key) for key, identity in SERVICES.items()}


@pytest.fixture
async def gateway(apps: dict[str, FastAPI]) -> AsyncIterator[httpx2.AsyncClient]:
    transport = IsolatedASGITransport(Dispatcher(apps, gateway_routes()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.mark.parametrize("identity", SERVICES.values(), ids=lambda identity: identity.slug)
async def test_each_service_answers_under_its_prefix(
    gateway: httpx2.AsyncClient, identity: object, apps: dict[str, FastAPI]
) -> None:
    prefix = identity.prefix  # type: ignore[attr-defined]  # a ServiceIdentity
    assert (await gateway.get(f"{prefix}/health")).json() == {"status": "healthy"}
    title = (await gateway.get(f"{prefix}/openapi.json")).json()["info"]["title"]
    assert title == f"ValueVerse {identity.title}"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/architectfoo",
        "/api/v1",
        "/api/v2/architect/health",
        "/api/v1/architect/../nowhere",
        "/metrics",
    ],
)
async def test_other_paths_have_no_route(gateway: httpx2.AsyncClient, path: str) -> None:
    answer = await gateway.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "no_route"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/a/b", "/a/b"),
        (b"//a//b", "/a/b"),
        (b"/a/../b", "/b"),
        (b"/a/%2e%2e/b", "/b"),
        (b"/%61/b/", "/a/b/"),
        (b"/a%2fb", "/a%2Fb"),
        (b"/../../a", "/a"),
        (b"/", "/"),
    ],
)
def test_paths_are_normalised_before_they_are_matched(raw: bytes, path: str) -> None:
    assert normalised(raw) == path


async def test_a_detour_does_not_pass_the_token_check(gateway: httpx2.AsyncClient) -> None:
    for path in ("/api/v1/architect/health/../drivers", "/api/v1/architect/health/%2e%2e/drivers"):
        assert (await gateway.get(path)).status_code == 401


async def test_nobody_outside_speaks_as_a_service(gateway: httpx2.AsyncClient) -> None:
    token = mint_internal_token(
        secret="never-signs-anything-" + "1" * 32,
        audience="value-architect",
        tenant=uuid4(),
        actor="ada",
        scope="architect:read",
        now=datetime.now(UTC),
    )
    answer = await gateway.get("/api/v1/architect/drivers", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert "gateway" in answer.json()["detail"]


async def test_the_gateway_s_own_pages(gateway: httpx2.AsyncClient) -> None:
    assert (await gateway.get("/health")).json() == {"status": "healthy"}
    docs = (await gateway.get("/")).json()["docs"]
    assert docs["value-architect"] == "/api/v1/architect/docs"
    metrics = (await gateway.get("/api/v1/metrics")).text
    for identity in SERVICES.values():
        assert f'service="{identity.name}"' in metrics


def test_open_routes_answer_reading_methods_alone() -> None:
    for route in gateway_routes():
        if route.is_open:
            assert route.methods == {"GET", "HEAD"}
