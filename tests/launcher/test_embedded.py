"""The gateway before the real apps: what joins them. They need not run for it."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from services.chassis.asgi_transport import IsolatedASGITransport
from services.launcher.documents import unconnected_app
from services.launcher.embedded import dispatcher_of
from services.schemas.directory import SERVICES


@pytest.fixture
async def gateway() -> AsyncIterator[httpx2.AsyncClient]:
    apps = {identity.name: unconnected_app(key) for key, identity in SERVICES.items()}
    transport = IsolatedASGITransport(dispatcher_of(apps))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def test_the_pages_of_every_service_are_where_the_index_says(gateway: httpx2.AsyncClient) -> None:
    docs = (await gateway.get("/")).json()["docs"]
    assert docs.keys() == {identity.name for identity in SERVICES.values()}
    for page in docs.values():
        assert (await gateway.get(page)).status_code == 200


async def test_the_metrics_of_all_services_are_joined(gateway: httpx2.AsyncClient) -> None:
    metrics = (await gateway.get("/api/v1/metrics")).text
    for identity in SERVICES.values():
        assert f'service="{identity.name}"' in metrics
    assert metrics.count("# TYPE http_requests_total") <= 1


async def test_a_detour_through_an_open_path_does_not_pass_the_token_check(
    gateway: httpx2.AsyncClient,
) -> None:
    for path in ("/api/v1/architect/health/../drivers", "/api/v1/architect/health/%2e%2e/drivers"):
        assert (await gateway.get(path)).status_code == 401
