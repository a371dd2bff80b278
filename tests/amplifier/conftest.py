"""The amplifier over a real database, with the two services that it asks, and no other."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.harness.platform import TestPlatform, running_platform
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="session")
async def platform(postgres_server: PostgresServer) -> AsyncIterator[TestPlatform]:
    """The embedded platform with these three services, over a database of its own."""
    owner_url = await postgres_server.create_database(f"amplifier-{uuid4().hex[:12]}")
    async with running_platform(owner_url, ["amplifier", "architect", "calculation_engine"]) as running:
        yield running
