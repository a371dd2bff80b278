"""The probe's database, fresh for each test."""

from collections.abc import AsyncIterator

import pytest

from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.ids import new_id
from tests.chassis.probe import MIGRATIONS
from tests.harness.databases import migrations_of, service_database, templated_database
from tests.servers.postgres import PostgresServer


@pytest.fixture
async def probe_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """A database of the probe and the listener, as its owner's address."""
    services = [migrations_of(postgres_server.owner_url, key, MIGRATIONS) for key in ("probe", "listener")]
    async with templated_database(postgres_server, "probe", services) as owner_url:
        yield owner_url


@pytest.fixture
async def probe_database(probe_url: str) -> AsyncIterator[Database]:
    async with service_database(probe_url, "probe") as database:
        yield database


@pytest.fixture
async def listener_database(probe_url: str) -> AsyncIterator[Database]:
    async with service_database(probe_url, "listener") as database:
        yield database


@pytest.fixture
def ada() -> Actor:
    """Somebody of a new tenant."""
    return Actor(new_id(), "ada")


@pytest.fixture
def bob() -> Actor:
    """Somebody of another new tenant."""
    return Actor(new_id(), "bob")
