"""The embedded platform: every service in this one process, on the adapters that need no other server."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from fastapi import FastAPI

from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.bus.local import LocalBus
from services.chassis.cache.memory import MemoryCache
from services.chassis.clock import Clock, SystemClock
from services.chassis.registry import StaticRegistry
from services.chassis.seams import Seams
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry import metrics
from services.launcher import rooms
from services.launcher.dispatcher import Dispatcher
from services.launcher.gateway_pages import gateway_pages
from services.launcher.lifespan import lifespans
from services.launcher.migrate import migrate_services
from services.launcher.routes import gateway_routes


@dataclass(frozen=True)
class EmbeddedPlatform:
    """All apps of the house and the dispatcher before them, ready to be served."""

    apps: Mapping[str, FastAPI]
    dispatcher: Dispatcher


@asynccontextmanager
async def running(
    owner_url: str, settings: Mapping[str, ServiceSettings], *, clock: Clock | None = None
) -> AsyncIterator[EmbeddedPlatform]:
    """The platform while it runs: migrated, every app's lifespan entered once; left, everything is closed.

    Services reach each other through an isolated in-process transport, and their events go through one bus.
    """
    await migrate_services(owner_url, settings.values())
    apps: dict[str, FastAPI] = {}
    seams = _shared_seams(apps, clock or SystemClock())
    for key, each in settings.items():
        apps[each.identity.name] = rooms.create_app(key, each, seams)
    async with lifespans(apps.values()):
        yield EmbeddedPlatform(apps=apps, dispatcher=dispatcher_of(apps))


def dispatcher_of(apps: Mapping[str, FastAPI]) -> Dispatcher:
    """The gateway before these apps, by host name."""
    services = [app.state.runtime.identity for app in apps.values()]

    def joined_metrics(accept: str) -> tuple[bytes, str]:
        return metrics.render([app.state.runtime.metrics for app in apps.values()], accept)

    return Dispatcher(apps, gateway_routes(), gateway_pages(services, joined_metrics))


def _shared_seams(apps: Mapping[str, FastAPI], clock: Clock) -> Seams:
    def transport(peer: str) -> httpx2.AsyncBaseTransport:
        return IsolatedASGITransport(apps[peer])

    return Seams(
        bus=LocalBus(),
        cache=MemoryCache(clock),
        registry=StaticRegistry({}),
        clock=clock,
        transports=transport,
        owned=False,
    )
