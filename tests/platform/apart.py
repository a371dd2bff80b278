"""The services as containers run them, each on adapters of its own that its settings choose; only the calls
between them stay in process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx2
from fastapi import FastAPI
from pydantic import SecretStr

from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.migrations import migrate
from services.chassis.seams import seams_of
from services.launcher import rooms
from services.launcher.configuration import embedded_settings
from services.launcher.embedded import EmbeddedPlatform, dispatcher_of
from services.launcher.lifespan import lifespans
from tests.harness.platform import SECRETS, TestPlatform


@dataclass(frozen=True)
class Servers:
    """Where the servers of the seams are; an empty address chooses the adapter without one."""

    rabbitmq_url: str
    redis_url: str
    consul_http_addr: str = ""


@asynccontextmanager
async def running_apart(owner_url: str, servers: Servers) -> AsyncIterator[TestPlatform]:
    """The services on these servers, which may be away, for the length of the block."""
    settings = embedded_settings(
        rooms.service_keys(),
        owner_url,
        SECRETS,
        rabbitmq_url=SecretStr(servers.rabbitmq_url),
        redis_url=servers.redis_url,
        consul_http_addr=servers.consul_http_addr,
    )
    await migrate(owner_url, [rooms.migrations_of(each) for each in settings.values()])
    apps: dict[str, FastAPI] = {}

    def transport(peer: str) -> httpx2.AsyncBaseTransport:
        return IsolatedASGITransport(apps[peer])

    for key, each in settings.items():
        seams = replace(seams_of(each), transports=transport)
        apps[each.identity.name] = rooms.create_app(key, each, seams)
    async with lifespans(apps.values()):
        yield TestPlatform(EmbeddedPlatform(apps=apps, dispatcher=dispatcher_of(apps)))
