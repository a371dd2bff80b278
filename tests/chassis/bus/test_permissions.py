"""Broker logins: each writes its own types and its own queues, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.chassis.actor import Actor
from services.chassis.bus import PublishFailed
from services.chassis.bus.permissions import broker_permissions
from services.chassis.bus.rabbit import RabbitBus
from services.chassis.bus.topology import declare
from services.chassis.database import Database
from services.chassis.dead_letters import RabbitDeadLetters
from services.chassis.ids import new_id
from tests.chassis.messages import Failing, envelope_of, note, until_effects
from tests.chassis.probe import CATALOGUE, NoteEchoed, NoteShredded, listener
from tests.chassis.sagas.messages import command
from tests.chassis.wires import TOPOLOGY, consumer_of, purge
from tests.harness.waiting import eventually
from tests.servers.rabbitmq import RabbitServer


@pytest.fixture(scope="module")
async def logins(rabbitmq_server: RabbitServer) -> dict[str, str]:
    """The addresses of the services' logins, with the rights of the catalogue."""
    await declare(rabbitmq_server.url, TOPOLOGY)
    suffix = uuid4().hex[:8]
    addresses = {}
    for permissions in broker_permissions(CATALOGUE):
        user = f"{permissions.user}-{suffix}"
        await asyncio.to_thread(rabbitmq_server.add_user, user, "password")
        for arguments in permissions.as_ctl(rabbitmq_server.vhost):
            named = [user if argument == permissions.user else argument for argument in arguments]
            await asyncio.to_thread(rabbitmq_server.ctl, *named)
        addresses[permissions.user] = rabbitmq_server.url_of(user, "password")
    return addresses


@pytest.fixture
async def probe_bus(rabbitmq_server: RabbitServer, logins: dict[str, str]) -> AsyncIterator[RabbitBus]:
    await purge(rabbitmq_server.url)
    bus = RabbitBus(logins["probe"], catalogue=CATALOGUE)
    yield bus
    await bus.close()


async def test_a_service_writes_its_own_types(probe_bus: RabbitBus, ada: Actor) -> None:
    await probe_bus.publish(note(ada))
    await probe_bus.publish(envelope_of(NoteShredded(note_id=new_id()), ada))


async def test_a_service_writes_nobody_elses_types(probe_bus: RabbitBus, ada: Actor) -> None:
    with pytest.raises(PublishFailed, match="ACCESS_REFUSED"):
        await probe_bus.publish(envelope_of(NoteEchoed(note_id=new_id()), ada))
    await probe_bus.publish(note(ada))  # and is not the worse for having tried


async def test_a_service_writes_commands_to_others(probe_bus: RabbitBus, ada: Actor) -> None:
    await probe_bus.publish(command(ada))


async def test_a_service_writes_into_nobody_elses_queue(probe_bus: RabbitBus) -> None:
    with pytest.raises(PublishFailed, match="ACCESS_REFUSED"):
        await probe_bus.copy("listener", "valueverse.listener", b"{}", {})


async def test_a_service_retries_and_buries_its_own_messages(
    probe_bus: RabbitBus, logins: dict[str, str], listener_database: Database, ada: Actor
) -> None:
    bus = RabbitBus(logins["listener"], catalogue=CATALOGUE)
    letters = RabbitDeadLetters(logins["listener"], "listener")

    async def dead() -> bool:
        return len(await letters.oldest()) == 1

    async with bus.subscribe(consumer_of("listener", Failing(times=99).handlers, listener_database)):
        await probe_bus.publish(note(ada))
        await eventually(dead)
    async with bus.subscribe(consumer_of("listener", listener(), listener_database)):
        assert await letters.replay() == 1
        await until_effects(listener_database, ada, 1)
    await bus.close()
