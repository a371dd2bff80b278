"""The committer with the peers it asks, over a real database: what it promises holds without the others."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.harness.platform import TestPlatform, running_platform
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="session")
async def platform(postgres_server: PostgresServer) -> AsyncIterator[TestPlatform]:
    """The embedded platform of three services, over a database of its own."""
    owner_url = await postgres_server.create_database(f"committer-{uuid4().hex[:12]}")
    async with running_platform(owner_url, ["architect", "calculation_engine", "committer"]) as running:
        yield running
