"""Notification alone over a real database, and events brought to it as the bus brings them."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.launcher import embedded
from services.launcher.configuration import embedded_settings
from tests.harness.platform import SECRETS, Company, TestPlatform, company_of
from tests.notification.happenings import Happenings
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="session")
async def room(postgres_server: PostgresServer) -> AsyncIterator[TestPlatform]:
    owner_url = await postgres_server.create_database(f"notification-{uuid4().hex[:12]}")
    settings = embedded_settings(["notification"], owner_url, SECRETS)
    async with embedded.running(owner_url, settings) as platform:
        yield TestPlatform(platform)


@pytest.fixture
async def company(room: TestPlatform) -> AsyncIterator[Company]:
    async with company_of(room) as company:
        yield company


@pytest.fixture
async def other_company(room: TestPlatform) -> AsyncIterator[Company]:
    async with company_of(room) as company:
        yield company


@pytest.fixture
def happenings(room: TestPlatform) -> Happenings:
    return Happenings(room)
