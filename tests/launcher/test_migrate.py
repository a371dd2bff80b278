"""The migrate step as the job runs it: database and broker, from the environment alone."""

from collections.abc import AsyncIterator
from uuid import uuid4

import aio_pika
import pytest
from sqlalchemy import text

from services.chassis.bus.topology import topology
from services.launcher import rooms
from services.launcher.errors import CannotStart
from services.launcher.migrate import migrate_from_environment
from tests.harness.databases import login_url
from tests.harness.sql import connect
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer


@pytest.fixture
async def owner_url(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """An empty database, and an environment that says where it is."""
    name = f"migrate-{uuid4().hex[:12]}"
    url = await postgres_server.create_database(name)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("JWT_SECRET", "a-secret-of-the-tests-alone-0123456789")
    monkeypatch.setenv("INTERNAL_JWT_SECRET", "another-secret-of-the-tests-0123456789")
    for key in rooms.service_keys():
        monkeypatch.setenv(f"{key.upper()}_DATABASE_URL", login_url(url, key))
        monkeypatch.setenv(f"{key.upper()}_SYSTEM_DATABASE_URL", login_url(url, f"{key}_system"))
    yield url
    await postgres_server.drop_database(name)


async def test_it_makes_every_schema(owner_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RABBITMQ_URL", raising=False)
    await migrate_from_environment()
    async with connect(owner_url) as connection:
        found = await connection.scalars(text("SELECT schemaname FROM pg_tables WHERE tablename = 'outbox'"))
        assert set(found) == set(rooms.service_keys())


async def test_it_declares_every_queue(
    owner_url: str, rabbitmq_server: RabbitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", rabbitmq_server.url)
    await migrate_from_environment()
    async with await aio_pika.connect(rabbitmq_server.url) as connection, connection.channel() as channel:
        for queue in topology().queues:
            await channel.declare_queue(queue.name, passive=True)


async def test_a_broker_that_is_away_stops_it_in_one_line(
    owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://nobody:x@127.0.0.1:1/")
    with pytest.raises(CannotStart, match="The broker cannot be used") as refusal:
        await migrate_from_environment()
    assert "\n" not in str(refusal.value)


async def test_without_the_owners_login_it_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(CannotStart, match="DATABASE_URL is missing"):
        await migrate_from_environment()
