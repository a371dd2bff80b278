"""The architect's database alone, migrated and seeded."""

from collections.abc import AsyncIterator

import pytest

from services.architect.store.product_drivers import seed
from services.chassis.database import Database
from services.chassis.migrations import ServiceMigrations
from services.launcher.rooms import ROOT
from tests.harness.databases import migrations_of, service_database, templated_database
from tests.servers.postgres import PostgresServer


@pytest.fixture
def migrations(postgres_server: PostgresServer) -> ServiceMigrations:
    folder = ROOT / "architect" / "migrations"
    return migrations_of(postgres_server.owner_url, "architect", folder, seed=seed)


@pytest.fixture
async def owner_url(postgres_server: PostgresServer, migrations: ServiceMigrations) -> AsyncIterator[str]:
    async with templated_database(postgres_server, "architect", [migrations]) as url:
        yield url


@pytest.fixture
async def database(owner_url: str) -> AsyncIterator[Database]:
    async with service_database(owner_url, "architect") as database:
        yield database
