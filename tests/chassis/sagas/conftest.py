"""The world of sagas, for all tests of a file: each run has a tenant of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.chassis.probe import MIGRATIONS
from tests.chassis.sagas.worlds import World, world
from tests.harness.databases import migrations_of, templated_database
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="module")
async def saga_world(postgres_server: PostgresServer) -> AsyncIterator[World]:
    services = [migrations_of(postgres_server.owner_url, key, MIGRATIONS) for key in ("probe", "listener")]
    async with templated_database(postgres_server, "probe", services) as owner_url, world(owner_url) as made:
        yield made
