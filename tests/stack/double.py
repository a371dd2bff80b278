"""The double of Kong before six services that only say whose they are."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis.registry import Address, StaticRegistry
from services.launcher.ports import LOOPBACK, free_port
from services.schemas.directory import SERVICES, ServiceIdentity
from tests.chassis.http_server import serving
from tests.gateway.rendering import COMPLETE, rendered
from tests.servers.redis import RedisServer
from tests.stack.kong import gateway


def _service(identity: ServiceIdentity) -> ASGIApp:
    """Says whose it is, to whatever it is asked."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = Request(scope).url.path
        title = f"ValueVerse {identity.title}"
        await JSONResponse({"info": {"title": title}, "path": path})(scope, receive, send)

    return app


@asynccontextmanager
async def standing(
    folder: Path, redis: RedisServer, *, away: Collection[str] = (), **environment: str
) -> AsyncIterator[str]:
    """The double before six services, configured by the gateway's files in a folder; those `away` by their
    keys are known, but nobody listens there."""
    rendering = await asyncio.to_thread(rendered, {**COMPLETE, **environment}, folder)
    assert rendering.returncode == 0, rendering.stderr
    document: dict[str, Any] = yaml.safe_load(rendering.stdout)
    file = folder / "rendered.yml"
    file.write_text(rendering.stdout)
    told = {"host": LOOPBACK, "port": redis.port, "password": None, "database": redis.database}
    for entry in document["services"]:
        for route in entry["routes"]:
            for plugin in route["plugins"]:
                if plugin["name"] == "rate-limiting":
                    plugin["config"]["redis"] |= told
    async with AsyncExitStack() as stack:
        addresses: dict[str, list[Address]] = {}
        for identity in SERVICES.values():
            host = f"{identity.name}.service.consul"
            if identity.key in away:
                addresses[host] = [Address(LOOPBACK, free_port())]
                continue
            addresses[host] = [await stack.enter_async_context(serving(_service(identity)))]
        find = StaticRegistry(addresses).resolve
        app, _ = await stack.enter_async_context(gateway(file, document, find))
        address = await stack.enter_async_context(serving(app))
        yield address.url
