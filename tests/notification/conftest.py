"""Notification alone over a real database, events brought to it as the bus brings them, and receivers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.launcher import embedded
from services.launcher.configuration import embedded_settings
from services.launcher.receivers import Mailbox, WebhookReceiver, mailbox, webhook_receiver
from services.launcher.rooms import ROOT
from tests.harness.databases import migrations_of, templated_database
from tests.harness.platform import SECRETS, Company, TestPlatform, company_of
from tests.notification.happenings import Happenings
from tests.notification.post import Post
from tests.servers.postgres import PostgresServer

KEY = "notification"


@asynccontextmanager
async def room_of(server: PostgresServer, **settings: Any) -> AsyncIterator[TestPlatform]:
    """Notification with these settings over a migrated database of its own."""
    services = [migrations_of(server.owner_url, KEY, ROOT / KEY / "migrations")]
    async with (
        templated_database(server, KEY, services) as owner_url,
        embedded.running(owner_url, embedded_settings([KEY], owner_url, SECRETS, **settings)) as platform,
    ):
        yield TestPlatform(platform)


@pytest.fixture(scope="session")
async def room(postgres_server: PostgresServer) -> AsyncIterator[TestPlatform]:
    """Without a mail server, and kept from calling this machine."""
    async with room_of(postgres_server) as room:
        yield room


@pytest.fixture(scope="session")
async def mails() -> AsyncIterator[Mailbox]:
    async with mailbox() as box:
        yield box


@pytest.fixture(scope="session")
async def sending_room(postgres_server: PostgresServer, mails: Mailbox) -> AsyncIterator[TestPlatform]:
    """With a mail server, allowed to call this machine."""
    async with room_of(
        postgres_server,
        smtp_url=mails.url,
        mail_from="ValueVerse <notes@vendor.example>",
        public_url="https://value.vendor.example/",
        allow_private_networks=True,
    ) as room:
        yield room


@pytest.fixture
async def company(room: TestPlatform) -> AsyncIterator[Company]:
    async with company_of(room) as company:
        yield company


@pytest.fixture
async def other_company(room: TestPlatform) -> AsyncIterator[Company]:
    async with company_of(room) as company:
        yield company


@pytest.fixture
async def sending_company(sending_room: TestPlatform) -> AsyncIterator[Company]:
    """One where things are sent."""
    async with company_of(sending_room) as company:
        yield company


@pytest.fixture
def happenings(room: TestPlatform) -> Happenings:
    return Happenings(room)


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
async def post(sending_room: TestPlatform, mails: Mailbox, receiver: WebhookReceiver) -> AsyncIterator[Post]:
    async with company_of(sending_room) as company:
        yield Post(company, Happenings(sending_room), mails, receiver)
    mails.refusal = None
