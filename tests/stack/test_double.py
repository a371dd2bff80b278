"""The double of Kong does what kong.yml says: a mistake planted there shows at the gateway."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis.registry import Address, StaticRegistry
from services.schemas.directory import SERVICES, ServiceIdentity
from tests.chassis.http_server import serving
from tests.gateway.rendering import COMPLETE, GATEWAY, rendered
from tests.servers.redis import RedisServer
from tests.stack.kong import gateway
from tests.stack.probes import faults

pytestmark = pytest.mark.stack


def service(identity: ServiceIdentity) -> ASGIApp:
    """Says whose it is, to whatever it is asked."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = Request(scope).url.path
        title = f"ValueVerse {identity.title}"
        await JSONResponse({"info": {"title": title}, "path": path})(scope, receive, send)

    return app


@asynccontextmanager
async def standing(folder: Path, redis: RedisServer, **environment: str) -> AsyncIterator[str]:
    """The double before six services, configured by the gateway's files in a folder."""
    told = await asyncio.to_thread(rendered, {**COMPLETE, **environment}, folder)
    assert told.returncode == 0, told.stderr
    document: dict[str, Any] = yaml.safe_load(told.stdout)
    file = folder / "rendered.yml"
    file.write_text(told.stdout)
    for entry in document["services"]:
        for route in entry["routes"]:
            for plugin in route["plugins"]:
                if plugin["name"] == "rate-limiting":
                    plugin["config"]["redis"] |= {"host": "127.0.0.1", "port": redis.port, "password": None}
    async with AsyncExitStack() as stack:
        addresses: dict[str, list[Address]] = {}
        for identity in SERVICES.values():
            addresses[identity.name] = [await stack.enter_async_context(serving(service(identity)))]
        app, _ = await stack.enter_async_context(gateway(file, document, StaticRegistry(addresses)))
        address = await stack.enter_async_context(serving(app))
        yield address.url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the gateway's files."""
    return Path(shutil.copytree(GATEWAY, tmp_path / "gateway"))


async def faults_of(folder: Path, redis: RedisServer) -> list[str]:
    async with standing(folder, redis) as url:
        return await asyncio.to_thread(faults, url, COMPLETE["JWT_SECRET"])


async def test_the_file_as_it_is_has_no_fault(folder: Path, redis_server: RedisServer) -> None:
    assert await faults_of(folder, redis_server) == []


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("~/api/v1/committer(/|$)", "~/api/v1/comitter(/|$)", "committer needs no token"),
        ("~/api/v1/committer(/|$)", "~/api/v1/committer", "/api/v1/committerfoo is routed"),
        (
            "architect/(health(/ready)?|",
            "architect/(drivers|health(/ready)?|",
            "drivers needs no token",
        ),
        ("executor/(health(/ready)?|docs", "executor/(health|docs", "executor/health/ready is not open"),
        ("host: value-executor.", "host: value-amplifier.", "executor is not where Value Executor is found"),
        (
            "[*token, *limit-calculations]",
            "[*limit-calculations]",
            "calculation-engine needs no token",
        ),
        ("[*token, *limit-calculations]", "[*token]", "calculation-engine has no limit"),
        (
            "methods: [GET, HEAD]",
            "methods: [GET, HEAD, POST]",
            "architect/health needs no token",
        ),
    ],
)
async def test_a_planted_mistake_shows(
    folder: Path, redis_server: RedisServer, right: str, wrong: str, fault: str
) -> None:
    text = (folder / "kong.yml").read_text()
    assert right in text
    (folder / "kong.yml").write_text(text.replace(right, wrong))
    found = await faults_of(folder, redis_server)
    assert any(each.endswith(fault) for each in found), found
