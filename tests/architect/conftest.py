"""The architect and the engine it asks, over one database."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.launcher import embedded
from services.launcher.configuration import embedded_settings
from tests.harness.platform import SECRETS, Company, TestPlatform, company_of
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="session")
async def pair(postgres_server: PostgresServer) -> AsyncIterator[TestPlatform]:
    owner_url = await postgres_server.create_database(f"architect-{uuid4().hex[:12]}")
    settings = embedded_settings(["architect", "calculation_engine"], owner_url, SECRETS)
    async with embedded.running(owner_url, settings) as platform:
        yield TestPlatform(platform)


@pytest.fixture
async def company(pair: TestPlatform) -> AsyncIterator[Company]:
    async with company_of(pair) as company:
        yield company
