"""What is particular to RabbitMQ: copies before acknowledgements, and a broker that is not as it should."""

import asyncio
import json
from collections.abc import AsyncIterator

import aio_pika
import pytest
from structlog.testing import capture_logs

from services.chassis.actor import Actor
from services.chassis.bus import BusAway, PublishFailed
from services.chassis.bus.rabbit import RabbitBus
from services.chassis.bus.topology import (
    AUDIT_QUEUE,
    EVENTS_EXCHANGE,
    consumer_queue,
    dead_queue,
    declare,
    retry_queue,
)
from services.chassis.database import Database
from services.chassis.dead_letters import RabbitDeadLetters
from services.chassis.ids import new_id
from tests.chassis.messages import Failing, envelope_of, note, until_effects
from tests.chassis.probe import CATALOGUE, MIGRATIONS, NoteShredded, listener
from tests.chassis.wires import RETRY, TOPOLOGY, consumer_of, count_in, purge
from tests.harness.databases import migrations_of, service_database, templated_database
from tests.harness.waiting import eventually
from tests.servers.postgres import PostgresProcess
from tests.servers.rabbitmq import RabbitServer


@pytest.fixture
async def url(rabbitmq_server: RabbitServer) -> str:
    await declare(rabbitmq_server.url, TOPOLOGY)
    await purge(rabbitmq_server.url)
    return rabbitmq_server.url


@pytest.fixture
async def bus(url: str) -> AsyncIterator[RabbitBus]:
    bus = RabbitBus(url, catalogue=CATALOGUE)
    yield bus
    await bus.close()


async def test_what_nobody_consumes_is_kept_for_the_audit(bus: RabbitBus, url: str, ada: Actor) -> None:
    await bus.publish(envelope_of(NoteShredded(note_id=new_id()), ada))
    assert await count_in(url, AUDIT_QUEUE) == 1


async def test_an_event_before_its_consumers_first_start_waits(
    bus: RabbitBus, url: str, listener_database: Database, ada: Actor
) -> None:
    await bus.publish(note(ada))
    assert await count_in(url, consumer_queue("listener")) == 1
    async with bus.subscribe(consumer_of("listener", listener(), listener_database)):
        await until_effects(listener_database, ada, 1)


async def test_the_message_is_a_cloud_event(bus: RabbitBus, url: str, ada: Actor) -> None:
    sent = note(ada)
    await bus.publish(sent)
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.get_queue(consumer_queue("listener"))
        message = await queue.get()
        await message.ack()
    assert message.content_type == "application/cloudevents+json"
    assert message.delivery_mode is aio_pika.DeliveryMode.PERSISTENT
    body = json.loads(message.body)
    assert body["specversion"] == "1.0"
    assert (body["id"], body["subject"]) == (str(sent.id), sent.subject)
    assert "traceparent" not in body  # optional attributes are absent, never null


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b'{"specversion": "1.0"}'])
async def test_what_is_no_envelope_is_a_dead_letter(
    bus: RabbitBus, url: str, listener_database: Database, body: bytes
) -> None:
    letters = RabbitDeadLetters(url, "listener")

    async def dead() -> bool:
        return len(await letters.oldest()) == 1

    async with bus.subscribe(consumer_of("listener", listener(), listener_database)):
        await bus.copy("listener", consumer_queue("listener"), body, {})
        await eventually(dead)
    (letter,) = await letters.oldest()
    assert letter.envelope is None
    assert letter.error.startswith("InvalidPayload: not an envelope: ")


async def test_looking_at_dead_letters_leaves_them_in_place(bus: RabbitBus, url: str) -> None:
    for number in range(3):
        await bus.copy("listener", dead_queue("listener"), str(number).encode(), {})
    letters = RabbitDeadLetters(url, "listener")
    assert len(await letters.oldest()) == 3
    assert len(await letters.oldest(limit=2)) == 2
    assert len(await letters.oldest()) == 3


async def test_what_is_delivered_too_often_is_a_dead_letter(bus: RabbitBus, url: str, ada: Actor) -> None:
    """As when each consumer that takes it dies of it."""
    sent = note(ada)
    await bus.publish(sent)
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.get_queue(consumer_queue("listener"))

        async def gone() -> bool:
            message = await queue.get(fail=False)
            if message is not None:
                await message.nack(requeue=True)
            return await count_in(url, dead_queue("listener")) == 1

        await eventually(gone)
    (letter,) = await RabbitDeadLetters(url, "listener").oldest()
    assert letter.envelope == sent


async def test_a_message_whose_copy_is_not_confirmed_is_not_acknowledged(
    bus: RabbitBus, url: str, listener_database: Database, ada: Actor
) -> None:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        for pause in RETRY.delays:
            await channel.queue_delete(retry_queue("listener", pause))
    failing = Failing(times=1)
    sent = note(ada)
    async with bus.subscribe(consumer_of("listener", failing.handlers, listener_database)):
        await bus.publish(sent)
        assert await until_effects(listener_database, ada, 1) == [sent.id]
    assert failing.calls == 2


async def test_without_its_topology_nothing_counts_as_published(bus: RabbitBus, url: str, ada: Actor) -> None:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.exchange_delete(EVENTS_EXCHANGE)
    with pytest.raises(PublishFailed, match="NOT_FOUND"):
        await bus.publish(note(ada))
    await declare(url, TOPOLOGY)
    await bus.publish(note(ada))


async def test_an_unroutable_message_does_not_look_delivered(bus: RabbitBus, url: str, ada: Actor) -> None:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.queue_delete(consumer_queue("listener"))
    with pytest.raises(PublishFailed):
        await bus.publish(note(ada))


async def test_a_consumer_whose_queue_was_taken_away_comes_back(
    bus: RabbitBus, url: str, listener_database: Database, ada: Actor
) -> None:
    with capture_logs() as logged:

        async def noticed() -> bool:
            return any(line["event"] == "consumer_away" for line in logged)

        async with bus.subscribe(consumer_of("listener", listener(), listener_database)):
            await bus.publish(note(ada))
            await until_effects(listener_database, ada, 1)
            async with await aio_pika.connect(url) as connection, connection.channel() as channel:
                await channel.queue_delete(consumer_queue("listener"))
            # A quorum queue that is made again at once is not reported as gone (RabbitMQ 3.10).
            await eventually(noticed)
            await declare(url, TOPOLOGY)
            await bus.publish(note(ada))
            await until_effects(listener_database, ada, 2)


async def test_a_broker_that_is_not_there_is_away_and_nobody_hangs(
    listener_database: Database, ada: Actor
) -> None:
    bus = RabbitBus("amqp://nobody:secret@127.0.0.1:1/", catalogue=CATALOGUE)
    async with asyncio.timeout(10):
        with pytest.raises(BusAway):
            await bus.ping()
        with pytest.raises(PublishFailed) as failure:
            await bus.publish(note(ada))
        async with bus.subscribe(consumer_of("listener", listener(), listener_database)):
            pass
        await bus.close()
    assert "secret" not in str(failure.value)


async def test_while_the_database_is_away_messages_stay_in_hand(
    bus: RabbitBus, own_postgres: PostgresProcess, ada: Actor
) -> None:
    """For longer than all the attempts would take: none is counted."""
    failing = Failing(times=0)
    sent = note(ada)
    services = [migrations_of(own_postgres.server.owner_url, "listener", MIGRATIONS)]
    async with (
        templated_database(own_postgres.server, "listener", services) as owner_url,
        service_database(owner_url, "listener") as database,
        bus.subscribe(consumer_of("listener", failing.handlers, database)),
    ):
        own_postgres.stop()
        await bus.publish(sent)
        with capture_logs() as logged:

            async def waited() -> bool:
                return len([line for line in logged if line["event"] == "message_waits"]) > RETRY.attempts

            await eventually(waited)
        own_postgres.start()
        assert await until_effects(database, ada, 1) == [sent.id]
    assert failing.calls == 1
