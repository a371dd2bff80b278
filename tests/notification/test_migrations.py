"""From the release before, with its data, up to this one."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.chassis.actor import Actor
from services.chassis.ids import new_id
from services.chassis.migrations import migrate
from services.launcher.rooms import ROOT
from tests.harness.databases import migrations_of, service_database
from tests.servers.postgres import PostgresServer

KEY = "notification"
FOLDER = ROOT / KEY / "migrations"

_RECIPIENT = """
    INSERT INTO recipients VALUES
    (:tenant, :recipient, 1, 'ada', 'Ada', NULL, NULL, 'en', 'UTC', '{}', now(), now())
"""
_MESSAGE = """
    INSERT INTO messages VALUES
    (:tenant, :message, :recipient, :event, 'architect.model.approved.v1', 'a-model', 1, 'T', 'B',
     '/api/v1/x', now(), now())
"""
_DELIVERY = """
    INSERT INTO deliveries (tenant_id, id, message_id, channel, state, delivered_at, read_at) VALUES
    (:tenant, :delivery, :message, 'in-app', :state, now(),
     CASE WHEN cast(:state AS text) = 'read' THEN now() END)
"""


@pytest.fixture
async def empty_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    name = f"{KEY}-{uuid4().hex[:12]}"
    yield await postgres_server.create_database(name)
    await postgres_server.drop_database(name)


def _up_to(folder: Path, last: str) -> Path:
    """The migrations of an earlier release."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for each in (folder / "versions").glob("0*.py"):
        if each.name[:4] > last:
            each.unlink()
    return folder


async def test_deliveries_of_the_inbox_get_what_their_messages_say(empty_url: str, tmp_path: Path) -> None:
    """Of every tenant, although the owner's eyes are on none."""
    await migrate(empty_url, [migrations_of(empty_url, KEY, _up_to(tmp_path / "before", "0002"))])
    tenants = [uuid4(), uuid4()]
    async with service_database(empty_url, KEY) as database:
        for tenant, state in zip(tenants, ("delivered", "read"), strict=True):
            names = ("recipient", "message", "event", "delivery")
            values = {"tenant": tenant, "state": state, **{name: new_id() for name in names}}
            async with database.unit_of_work(Actor(tenant, "test")) as uow:
                for statement in (_RECIPIENT, _MESSAGE, _DELIVERY):
                    wanted = {name: values[name] for name in values if f":{name}" in statement}
                    await uow.session.execute(text(statement), wanted)
                await uow.commit()

    await migrate(empty_url, [migrations_of(empty_url, KEY, FOLDER)])
    async with service_database(empty_url, KEY) as database:
        for tenant, state in zip(tenants, ("delivered", "read"), strict=True):
            async with database.unit_of_work(Actor(tenant, "test")) as uow:
                found = await uow.session.execute(
                    text(
                        "SELECT d.state, d.subject, d.event_type, d.event_id = m.event_id, d.attempts, "
                        "d.created_at = m.created_at FROM deliveries d JOIN messages m ON m.id = d.message_id"
                    )
                )
                assert found.all() == [(state, "a-model", "architect.model.approved.v1", True, 0, True)]
