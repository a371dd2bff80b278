"""The probe, which conducts trips, and the listener, which takes part, as two whole apps on one bus."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID

import httpx2
from fastapi import FastAPI
from pydantic import SecretStr

from services.chassis.access import IdempotentWork, requires
from services.chassis.app import Service, build_app
from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.bus import Bus
from services.chassis.bus.local import LocalBus
from services.chassis.bus.rabbit import RabbitBus
from services.chassis.bus.topology import declare
from services.chassis.cache.memory import MemoryCache
from services.chassis.clock import SYSTEM_CLOCK, SystemClock
from services.chassis.registry import StaticRegistry
from services.chassis.sagas import Sagas, sagas_router
from services.chassis.seams import Seams
from services.chassis.settings import ServiceSettings
from services.chassis.tokens import mint_development_token
from services.chassis.transaction import resource
from services.launcher.lifespan import Lifespan
from services.schemas.base import Document, Id
from services.schemas.directory import ServiceIdentity
from tests.chassis.probe import CATALOGUE
from tests.chassis.probe.app import INTERNAL_SECRET, SECRET, ProbeSettings
from tests.chassis.sagas.trips import (
    BOOK_TRIP,
    BookFlight,
    BookRoom,
    CancelFlight,
    CancelRoom,
    Pay,
    SendTicket,
    Trip,
    agency,
)
from tests.chassis.wires import TOPOLOGY, purge
from tests.harness.databases import login_url

TRIPS = "/api/v1/probe/trips"
SAGAS = "/api/v1/probe/sagas"


class ListenerSettings(ServiceSettings):
    """The listener's settings."""

    identity = ServiceIdentity("listener", "listener", 8098, "Listener")


class Started(Document):
    """The saga that books a trip."""

    saga_id: Id


router = resource("/trips")


@router.post("", status_code=202, dependencies=[requires("probe:write")])
async def book_trip(body: Trip, uow: IdempotentWork) -> Started:
    return Started(saga_id=await Sagas(uow).start(BOOK_TRIP, body, body.trip_id))


PROBE = Service(
    description="Conducts.",
    routers=(router, sagas_router(ProbeSettings.identity, BOOK_TRIP)),
    commands=lambda _runtime: agency(BookRoom, CancelRoom, SendTicket),
    sagas=(BOOK_TRIP,),
)
LISTENER = Service(
    description="Takes part.",
    routers=(),
    commands=lambda _runtime: agency(BookFlight, CancelFlight, Pay),
)


def settings_of(kind: type[ServiceSettings], owner_url: str) -> ServiceSettings:
    key = kind.identity.key
    return kind(
        environment="development",
        database_url=SecretStr(login_url(owner_url, key)),
        system_database_url=SecretStr(login_url(owner_url, f"{key}_system")),
        jwt_secret=SecretStr(SECRET),
        internal_jwt_secret=SecretStr(INTERNAL_SECRET),
    )


def probe_on(bus: Bus, owner_url: str) -> FastAPI:
    return build_app(PROBE, settings_of(ProbeSettings, owner_url), _seams(bus))


def listener_on(bus: Bus, owner_url: str) -> FastAPI:
    return build_app(LISTENER, settings_of(ListenerSettings, owner_url), _seams(bus))


def _seams(bus: Bus) -> Seams:
    cache = MemoryCache(SYSTEM_CLOCK)
    return Seams(bus=bus, cache=cache, registry=StaticRegistry({}), clock=SYSTEM_CLOCK, owned=False)


@asynccontextmanager
async def local_apps(owner_url: str) -> AsyncIterator[FastAPI]:
    """Both in one process; the probe."""
    bus = LocalBus(catalogue=CATALOGUE)
    async with Lifespan(listener_on(bus, owner_url)), _running(probe_on(bus, owner_url)) as probe:
        yield probe


@asynccontextmanager
async def rabbit_apps(owner_url: str, broker_url: str) -> AsyncIterator[FastAPI]:
    """Each with connections of its own to a broker; the probe."""
    await declare(broker_url, TOPOLOGY)
    await purge(broker_url)
    async with AsyncExitStack() as stack:
        buses = [RabbitBus(broker_url, catalogue=CATALOGUE) for _ in range(2)]
        for bus in buses:
            stack.push_async_callback(bus.close)
        await stack.enter_async_context(Lifespan(listener_on(buses[0], owner_url)))
        yield await stack.enter_async_context(_running(probe_on(buses[1], owner_url)))


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[FastAPI]:
    async with Lifespan(app):
        yield app


def client(app: FastAPI, tenant: UUID, *scopes: str, sub: str = "ada") -> httpx2.AsyncClient:
    token = mint_development_token(
        secret=SECRET,
        tenant=tenant,
        sub=sub,
        scopes=scopes or ("probe:write", "probe:operate"),
        ttl=timedelta(minutes=5),
        now=SystemClock().now(),
    )
    return httpx2.AsyncClient(
        transport=IsolatedASGITransport(app),
        base_url="http://probe",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
