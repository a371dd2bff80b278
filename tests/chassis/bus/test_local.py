"""What is particular to the bus in process: who must be there, and what happens when nothing can be kept."""

import pytest
from sqlalchemy import func, select

from services.chassis.actor import Actor
from services.chassis.bus import PublishFailed
from services.chassis.bus.local import LocalBus
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.database import Database
from services.chassis.tables import parked_messages
from tests.chassis.messages import Failing, effects_of, note
from tests.chassis.probe import CATALOGUE, listener
from tests.chassis.wires import consumer_of


async def test_a_consumer_that_is_still_to_come_keeps_the_message_unconfirmed(
    listener_database: Database, ada: Actor
) -> None:
    bus = LocalBus(catalogue=CATALOGUE)
    sent = note(ada)
    with pytest.raises(PublishFailed, match="Not here yet: listener"):
        await bus.publish(sent)
    async with bus.subscribe(consumer_of("listener", listener(), listener_database)):
        await bus.publish(sent)
    assert await effects_of(listener_database, ada) == [sent.id]
    with pytest.raises(PublishFailed):
        await bus.publish(sent)


async def test_a_consumer_that_runs_elsewhere_is_not_waited_for(ada: Actor) -> None:
    await LocalBus(catalogue=CATALOGUE, services={"probe"}).publish(note(ada))


async def test_a_name_subscribes_once(listener_database: Database) -> None:
    bus = LocalBus(catalogue=CATALOGUE)
    consumer = consumer_of("listener", listener(), listener_database)
    async with bus.subscribe(consumer):
        with pytest.raises(ValueError, match="listener has subscribed already"):
            await bus.subscribe(consumer).__aenter__()


async def test_a_failing_message_is_parked_and_counts_as_published(
    listener_database: Database, ada: Actor
) -> None:
    bus = LocalBus(catalogue=CATALOGUE)
    async with bus.subscribe(consumer_of("listener", Failing(times=1).handlers, listener_database)):
        await bus.publish(note(ada))
    async with listener_database.unit_of_work(ada) as uow:
        assert await uow.session.scalar(select(func.count()).select_from(parked_messages)) == 1


async def test_a_consumer_without_its_database_keeps_the_message_unconfirmed(ada: Actor) -> None:
    url = "postgresql://listener:x@127.0.0.1:1/nowhere"
    database = Database(url, url, schema="listener", clock=SYSTEM_CLOCK)
    bus = LocalBus(catalogue=CATALOGUE)
    async with bus.subscribe(consumer_of("listener", listener(), database)):
        with pytest.raises(PublishFailed, match="ConnectionRefused"):
            await bus.publish(note(ada))
    await database.close()
