"""One suite over both buses: what every adapter of the seam does."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import format_trace_id
from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.bus import PublishFailed
from services.chassis.database import Database
from services.chassis.handlers import Event, Handlers
from services.chassis.ids import new_id
from services.chassis.inbox import Consumer
from services.chassis.tables import outbox
from services.chassis.telemetry import traces
from services.chassis.unit_of_work import UnitOfWork
from tests.chassis.messages import Failing, effects_of, envelope_of, note, until_effects
from tests.chassis.probe import NoteShredded, NoteWritten, have_effect, listener, write_note
from tests.chassis.wires import Wire, consumer_of, local_wire, rabbit_wire, relay_of
from tests.harness.waiting import eventually


@pytest.fixture(params=["local", "rabbit"])
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wire]:
    if request.param == "local":
        async with local_wire() as wire:
            yield wire
    else:
        async with rabbit_wire(request.getfixturevalue("rabbitmq_server").url) as wire:
            yield wire


async def test_an_event_reaches_its_consumer(wire: Wire, listener_database: Database, ada: Actor) -> None:
    sent = note(ada)
    async with wire.consuming(consumer_of("listener", listener(), listener_database)):
        await wire.bus.publish(sent)
        assert await until_effects(listener_database, ada, 1) == [sent.id]


async def test_a_repeated_message_has_one_effect(wire: Wire, listener_database: Database, ada: Actor) -> None:
    sent, last = note(ada), note(ada)
    async with wire.consuming(consumer_of("listener", listener(), listener_database)):
        for message in (sent, sent, sent, last):
            await wire.bus.publish(message)
        await until_effects(listener_database, ada, 2)
    assert sorted(await effects_of(listener_database, ada)) == sorted([sent.id, last.id])


async def test_doubled_and_shuffled_deliveries_have_each_effect_once(
    wire: Wire, listener_database: Database, ada: Actor
) -> None:
    sent = [note(ada) for _ in range(30)]
    deliveries = sent * 3
    random.Random(20261124).shuffle(deliveries)  # noqa: S311  # seeded, so that a failure comes again
    async with wire.consuming(consumer_of("listener", listener(), listener_database)):
        await asyncio.gather(*(wire.bus.publish(message) for message in deliveries))
        await until_effects(listener_database, ada, len(sent))
    assert sorted(await effects_of(listener_database, ada)) == sorted(message.id for message in sent)


async def test_every_event_of_an_aggregate_arrives(
    wire: Wire, listener_database: Database, ada: Actor
) -> None:
    arrived: list[int] = []
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def handle(_uow: UnitOfWork, event: Event[NoteWritten]) -> None:
        arrived.append(event.sequence)

    subject = new_id()
    payload = NoteWritten(note_id=subject, text="again")
    async with wire.consuming(consumer_of("listener", handlers, listener_database)):
        for sequence in range(1, 11):
            await wire.bus.publish(envelope_of(payload, ada, subject=subject, sequence=sequence))

        async def all_there() -> bool:
            return len(arrived) == 10

        await eventually(all_there)
    assert sorted(arrived) == list(range(1, 11))


async def test_tenant_actor_and_subject_arrive(wire: Wire, listener_database: Database, ada: Actor) -> None:
    seen: list[tuple[Actor, Event[NoteWritten]]] = []
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def handle(uow: UnitOfWork, event: Event[NoteWritten]) -> None:
        seen.append((uow.actor, event))

    async def arrived() -> bool:
        return bool(seen)

    sent = note(ada)
    async with wire.consuming(consumer_of("listener", handlers, listener_database)):
        await wire.bus.publish(sent)
        await eventually(arrived)
    actor, event = seen[0]
    assert actor == ada
    assert (event.id, event.subject, event.tenant, event.actor) == (sent.id, sent.subject, ada.tenant, "ada")
    assert event.occurred_at == sent.time
    assert event.payload.text == "hello"


async def test_a_failing_handler_is_tried_again_and_leaves_nothing_of_its_failures(
    wire: Wire, listener_database: Database, ada: Actor
) -> None:
    failing = Failing(times=2)
    sent = note(ada)
    async with wire.consuming(consumer_of("listener", failing.handlers, listener_database)):
        await wire.bus.publish(sent)
        assert await until_effects(listener_database, ada, 1) == [sent.id]
    assert failing.calls == 3


async def until_dead(wire: Wire, consumer: Consumer, count: int) -> None:
    async def dead() -> bool:
        return len(await wire.dead_letters(consumer).oldest()) == count

    await eventually(dead)


async def test_what_fails_too_often_is_a_dead_letter_until_it_is_replayed(
    wire: Wire, listener_database: Database, ada: Actor
) -> None:
    failing = Failing(times=3)
    consumer = consumer_of("listener", failing.handlers, listener_database)
    sent = note(ada)
    async with wire.consuming(consumer):
        await wire.bus.publish(sent)
        await until_dead(wire, consumer, 1)
        (letter,) = await wire.dead_letters(consumer).oldest()
        assert letter.envelope == sent
        assert letter.attempts == 3
        assert letter.error == "RuntimeError: not yet"
        assert letter.dead_since is not None

        assert await wire.dead_letters(consumer).replay(new_id()) == 0
        assert await wire.dead_letters(consumer).replay(sent.id) == 1
        assert await until_effects(listener_database, ada, 1) == [sent.id]
        await until_dead(wire, consumer, 0)


@pytest.mark.parametrize("fault", ["payload", "no handler"])
async def test_poison_is_dead_at_once(
    wire: Wire, listener_database: Database, ada: Actor, fault: str
) -> None:
    failing = Failing(times=0)
    handlers = failing.handlers if fault == "payload" else Handlers()
    consumer = consumer_of("listener", handlers, listener_database)
    sent = note(ada).model_copy(update={"data": {"text": 5}}) if fault == "payload" else note(ada)
    async with wire.consuming(consumer):
        await wire.bus.publish(sent)
        await until_dead(wire, consumer, 1)
        (letter,) = await wire.dead_letters(consumer).oldest()
    assert letter.attempts == 1
    assert failing.calls == 0


async def test_what_nobody_consumes_counts_as_published(wire: Wire, ada: Actor) -> None:
    await wire.bus.publish(envelope_of(NoteShredded(note_id=new_id()), ada))


async def test_what_is_not_in_the_published_language_does_not(wire: Wire, ada: Actor) -> None:
    with pytest.raises(PublishFailed):
        await wire.bus.publish(note(ada).model_copy(update={"type": "probe.note.forged.v1"}))


async def test_the_producers_trace_continues(wire: Wire, listener_database: Database, ada: Actor) -> None:
    seen: list[str | None] = []
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def handle(_uow: UnitOfWork, _event: Event[NoteWritten]) -> None:
        seen.append(traces.current_trace_id())

    async def arrived() -> bool:
        return bool(seen)

    with traces.tracer(TracerProvider(shutdown_on_exit=False)).start_as_current_span("produce") as span:
        trace_id = format_trace_id(span.get_span_context().trace_id)
        sent = note(ada).model_copy(update={"traceparent": traces.current_traceparent()})
    async with wire.consuming(consumer_of("listener", handlers, listener_database)):
        await wire.bus.publish(sent)
        await eventually(arrived)
    assert seen == [trace_id]


async def test_a_consumer_that_was_down_gets_it_later(
    wire: Wire, probe_database: Database, listener_database: Database, ada: Actor
) -> None:
    relay = relay_of(probe_database, wire.bus)
    async with probe_database.unit_of_work(ada) as uow:
        await write_note(uow, "hello")
        await uow.commit()
    async with relay.running():
        await eventually(lambda: was_tried(probe_database))
        async with wire.consuming(consumer_of("listener", listener(), listener_database)):
            await until_effects(listener_database, ada, 1)


async def was_tried(database: Database) -> bool:
    async with database.system() as connection:
        return bool(await connection.scalar(select(outbox.c.attempts).where(outbox.c.attempts > 0)))


async def test_a_bus_that_is_there_answers(wire: Wire) -> None:
    await wire.bus.ping()


async def test_leaving_waits_for_what_is_in_hand(wire: Wire, listener_database: Database, ada: Actor) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def handle(uow: UnitOfWork, event: Event[NoteWritten]) -> None:
        entered.set()
        await leave.wait()
        await have_effect(uow, event)

    sent = note(ada)
    async with wire.bus.subscribe(consumer_of("listener", handlers, listener_database)):
        publishing = asyncio.create_task(wire.bus.publish(sent))
        await entered.wait()
        asyncio.get_running_loop().call_later(0.1, leave.set)
    await publishing
    assert await effects_of(listener_database, ada) == [sent.id]
