"""Redelivery: parked messages are shared by replicas and outlive a crash."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.handlers import Handlers
from services.chassis.parking import Parking
from services.chassis.redelivery import Redelivery
from services.chassis.tables import parked_messages
from tests.chassis.messages import Failing, effects_of, note
from tests.chassis.probe import listener
from tests.chassis.wires import consumer_of

NOW = timedelta(0)
MINUTE = timedelta(minutes=1)


async def attempts(database: Database, actor: Actor) -> list[int]:
    async with database.unit_of_work(actor) as uow:
        return list(await uow.session.scalars(select(parked_messages.c.attempts)))


async def test_what_is_due_is_handled_and_forgotten(
    listener_database: Database, ada: Actor, bob: Actor
) -> None:
    parking = Parking(listener_database, "listener")
    sent = [note(ada), note(ada), note(bob)]
    for message in sent:
        await parking.park(message, NOW, "once")
    redelivery = Redelivery(consumer_of("listener", listener(), listener_database))
    assert await redelivery.run_once()
    assert not await redelivery.run_once()
    found = await effects_of(listener_database, ada) + await effects_of(listener_database, bob)
    assert sorted(found) == sorted(message.id for message in sent)
    assert await attempts(listener_database, ada) == []


async def test_what_is_not_due_waits(listener_database: Database, ada: Actor) -> None:
    await Parking(listener_database, "listener").park(note(ada), MINUTE, "once")
    redelivery = Redelivery(consumer_of("listener", listener(), listener_database))
    assert not await redelivery.run_once()
    assert await attempts(listener_database, ada) == [1]


async def test_two_replicas_try_a_message_once_at_a_time(listener_database: Database, ada: Actor) -> None:
    parking = Parking(listener_database, "listener")
    for _ in range(12):
        await parking.park(note(ada), NOW, "once")
    failing = Failing(times=0)
    replicas = [Redelivery(consumer_of("listener", failing.handlers, listener_database)) for _ in range(2)]
    await asyncio.gather(*(replica.run_once() for replica in replicas))
    assert failing.calls == 12


async def test_a_crash_after_the_effect_repeats_nothing(listener_database: Database, ada: Actor) -> None:
    parking = Parking(listener_database, "listener")
    consumer = consumer_of("listener", listener(), listener_database)
    sent = note(ada)
    await parking.park(sent, NOW, "once")
    assert await parking.claim_due(size=8, lease=NOW)
    await consumer.receive(sent)  # and here the replica died, before it forgot the message
    assert await Redelivery(consumer).run_once()
    assert await effects_of(listener_database, ada) == [sent.id]
    assert await attempts(listener_database, ada) == []


async def test_poison_is_dead_at_once(listener_database: Database, ada: Actor) -> None:
    parking = Parking(listener_database, "listener")
    await parking.park(note(ada), NOW, "once")
    await Redelivery(consumer_of("listener", Handlers(), listener_database)).run_once()
    (dead,) = await parking.dead(limit=10)
    assert dead.error == "UnknownType: No handler for probe.note.written.v1."


async def test_a_message_parked_twice_is_parked_once(listener_database: Database, ada: Actor) -> None:
    parking = Parking(listener_database, "listener")
    sent = note(ada)
    for _ in range(2):
        await parking.park(sent, MINUTE, "once")
    assert await attempts(listener_database, ada) == [1]


async def test_only_the_dead_are_revived(listener_database: Database, ada: Actor) -> None:
    parking = Parking(listener_database, "listener")
    waiting, dead = note(ada), note(ada)
    await parking.park(waiting, MINUTE, "once")
    await parking.park(dead, None, "for ever")
    assert not await parking.revive(ada.tenant, waiting.id)
    assert await parking.revive(ada.tenant, dead.id)
    assert not await parking.revive(ada.tenant, dead.id)
