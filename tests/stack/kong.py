"""Kong's double in a container: the project's dispatcher, configured by the very file that Kong reads.

What a route, a limit or a credential in gateway/kong.yml says holds here as it does there, so that a mistake
in the file shows. Replicas are found through Consul's name service.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import yaml
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.types import ASGIApp

from services.chassis.plain_http import no_tls
from services.chassis.registry import Address
from services.chassis.telemetry.traces import make_tracer_provider
from services.launcher.dispatcher import Dispatcher
from services.launcher.routes import gateway_routes
from services.launcher.serving import Address as Listening
from services.launcher.serving import bound, serving
from tests.harness.gateway import Replicas, Upstream
from tests.stack.guard import Guard, Rules, no_route
from tests.stack.instruments import Instruments
from tests.stack.names import ConsulNames

_ANYWHERE = "0.0.0.0"  # noqa: S104  # in a container

Find = Callable[[str], Awaitable[Sequence[Address]]]


@asynccontextmanager
async def gateway(
    file: Path, document: dict[str, Any], find: Find
) -> AsyncIterator[tuple[ASGIApp, Instruments]]:
    """The gateway that a rendered file (and its content) describes, and what it counts.

    Replicas are those that are found under the file's `host`.
    """
    rules = Rules.of(document)
    hosts = {each["name"]: each["host"] for each in document["services"]}
    provider = make_tracer_provider("kong", os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))
    instruments = Instruments(provider)
    redis = _redis_of(document)
    async with httpx2.AsyncClient(verify=no_tls(), trust_env=False, timeout=_timeout_of(document)) as client:
        apps: dict[str, ASGIApp] = {}
        routes = []
        for route in gateway_routes(file):
            upstream = Upstream(client, _replicas_of(find, hosts[route.service]))
            apps[route.name] = Guard(rules, route, redis, instruments, upstream)
            routes.append(replace(route, service=route.name))
        yield Dispatcher(apps, routes, no_route), instruments
    await redis.aclose()
    provider.shutdown()


def _replicas_of(find: Find, name: str) -> Replicas:
    async def replicas() -> Sequence[Address]:
        return await find(name)

    return replicas


def _timeout_of(document: dict[str, Any]) -> httpx2.Timeout:
    connect, write, read = (
        {each[f"{what}_timeout"] / 1000 for each in document["services"]}
        for what in ("connect", "write", "read")
    )
    return httpx2.Timeout(min(read), connect=min(connect), write=min(write))


def _redis_of(document: dict[str, Any]) -> Redis:
    limits = [
        plugin["config"]["redis"]
        for service in document["services"]
        for route in service["routes"]
        for plugin in route["plugins"]
        if plugin["name"] == "rate-limiting"
    ]
    told = limits[0]
    if any(each != told for each in limits):
        raise ValueError("the limits of routes count in different places")
    seconds = told["timeout"] / 1000
    return Redis(
        host=told["host"],
        port=told["port"],
        password=told["password"],
        db=told["database"],
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),  # Kong does not wait for a Redis that is away, either
    )


async def _main(file: Path, document: dict[str, Any]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    names = ConsulNames(os.environ["KONG_DNS_RESOLVER"])
    async with gateway(file, document, names.replicas) as (app, instruments):
        # Its proxy, its admin and its status; of the admin's pages, those that the status listener has, too.
        ports = [Listening(_ANYWHERE, port) for port in (8000, 8001, 8100)]
        apps = (app, instruments.status_app(), instruments.status_app())
        with bound(ports) as sockets:
            async with serving(list(zip(apps, sockets, strict=True))):
                await stop.wait()


if __name__ == "__main__":
    RENDERED = Path(os.environ["KONG_DECLARATIVE_CONFIG"])
    asyncio.run(_main(RENDERED, yaml.safe_load(RENDERED.read_text())))
