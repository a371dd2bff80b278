"""The consuming end: an effect once, in a transaction and a context of its own."""

import asyncio
import contextvars
import random
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import select, text

from services.chassis.absence import DatabaseAway
from services.chassis.actor import Actor
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.database import Database
from services.chassis.handlers import Event, Handlers, Poison
from services.chassis.inbox import Consumer, HandlerTooSlow
from services.chassis.tables import inbox, outbox
from services.chassis.telemetry.logs import bound
from services.chassis.telemetry.metrics import Metrics
from services.chassis.unit_of_work import UnitOfWork
from tests.chassis.messages import Failing, effects_of, note
from tests.chassis.probe import NoteWritten, have_effect, listener
from tests.chassis.wires import consumer_of


async def test_effect_note_and_events_are_one_transaction(listener_database: Database, ada: Actor) -> None:
    sent = note(ada)
    await consumer_of("listener", listener(), listener_database).receive(sent)
    assert await effects_of(listener_database, ada) == [sent.id]
    async with listener_database.unit_of_work(ada) as uow:
        assert (await uow.session.scalars(select(inbox.c.message_id))).all() == [sent.id]
        (event,) = (await uow.session.execute(select(outbox))).all()
    assert (event.type, event.subject, event.actor) == ("listener.note.echoed.v1", sent.subject, "ada")


async def test_a_failing_handler_leaves_nothing(listener_database: Database, ada: Actor) -> None:
    with pytest.raises(RuntimeError):
        await consumer_of("listener", Failing(times=1).handlers, listener_database).receive(note(ada))
    async with listener_database.unit_of_work(ada) as uow:
        for table in (inbox, outbox):
            assert (await uow.session.execute(select(table))).all() == []
    assert await effects_of(listener_database, ada) == []


async def test_doubled_and_shuffled_at_once_each_effect_happens_once(
    listener_database: Database, ada: Actor, bob: Actor
) -> None:
    consumer = consumer_of("listener", listener(), listener_database)
    sent = [note(actor) for actor in (ada, bob) for _ in range(10)]
    deliveries = sent * 3
    random.Random(3).shuffle(deliveries)  # noqa: S311  # seeded, so that a failure comes again
    await asyncio.gather(*(consumer.receive(message) for message in deliveries))
    found = await effects_of(listener_database, ada) + await effects_of(listener_database, bob)
    assert sorted(found) == sorted(message.id for message in sent)


async def test_consumers_note_messages_by_themselves(listener_database: Database, ada: Actor) -> None:
    sent = note(ada)
    for name in ("listener", "another"):
        await consumer_of(name, listener(), listener_database).receive(sent)
    assert await effects_of(listener_database, ada) == [sent.id, sent.id]


async def test_a_handler_has_a_deadline(listener_database: Database, ada: Actor) -> None:
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def wait(uow: UnitOfWork, event: Event[NoteWritten]) -> None:
        await have_effect(uow, event)
        await asyncio.Event().wait()

    consumer = Consumer(
        "listener",
        handlers,
        listener_database,
        metrics=Metrics("listener"),
        deadline=timedelta(milliseconds=50),
    )
    with pytest.raises(HandlerTooSlow):
        await consumer.receive(note(ada))
    assert await effects_of(listener_database, ada) == []


async def test_a_handlers_own_timeout_is_not_the_deadline(listener_database: Database, ada: Actor) -> None:
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def give_up(_uow: UnitOfWork, _event: Event[NoteWritten]) -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await consumer_of("listener", handlers, listener_database).receive(note(ada))


async def test_nothing_of_the_deliverers_context_leaks_in(listener_database: Database, ada: Actor) -> None:
    secret: contextvars.ContextVar[str] = contextvars.ContextVar("secret", default="nothing")
    seen: list[str] = []
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def look(_uow: UnitOfWork, _event: Event[NoteWritten]) -> None:
        seen.append(secret.get())

    secret.set("the producer's")
    await consumer_of("listener", handlers, listener_database).receive(note(ada))
    assert seen == ["nothing"]


async def test_what_a_handler_logs_names_its_service_and_message(
    listener_database: Database, ada: Actor
) -> None:
    seen: list[str | None] = []
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def look(_uow: UnitOfWork, _event: Event[NoteWritten]) -> None:
        seen.extend(bound(name) for name in ("service", "tenant", "message_id"))

    sent = note(ada)
    await consumer_of("listener", handlers, listener_database).receive(sent)
    assert seen == ["listener", str(ada.tenant), str(sent.id)]


async def test_cancelling_the_delivery_cancels_the_handler(listener_database: Database, ada: Actor) -> None:
    entered = asyncio.Event()
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def wait(uow: UnitOfWork, event: Event[NoteWritten]) -> None:
        await have_effect(uow, event)
        entered.set()
        await asyncio.Event().wait()

    delivery = asyncio.create_task(consumer_of("listener", handlers, listener_database).receive(note(ada)))
    await entered.wait()
    delivery.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivery
    assert await effects_of(listener_database, ada) == []


async def test_handling_is_a_consumer_span_of_the_producers_trace(
    listener_database: Database, ada: Actor
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_id, span_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    sent = note(ada).model_copy(update={"traceparent": f"00-{trace_id}-{span_id}-01"})
    consumer = Consumer(
        "listener",
        Failing(times=1).handlers,
        listener_database,
        metrics=Metrics("listener"),
        tracer_provider=provider,
    )
    with pytest.raises(RuntimeError):
        await consumer.receive(sent)
    await consumer.receive(sent)
    failed, handled = exporter.get_finished_spans()
    assert handled.name == "probe.note.written.v1 process"
    assert handled.kind is SpanKind.CONSUMER
    assert handled.parent is not None
    assert (f"{handled.parent.trace_id:032x}", f"{handled.parent.span_id:016x}") == (trace_id, span_id)
    assert failed.status.status_code is StatusCode.ERROR
    assert handled.status.status_code is not StatusCode.ERROR


async def test_events_of_a_handler_wake_the_relay(listener_database: Database, ada: Actor) -> None:
    woken: list[bool] = []
    for handlers in (listener(), Failing(times=0).handlers):
        consumer = Consumer(
            "listener",
            handlers,
            listener_database,
            metrics=Metrics("listener"),
            wake=lambda: woken.append(True),
        )
        await consumer.receive(note(ada))
    assert woken == [True]  # the second emits nothing


async def test_an_attempt_says_what_follows(listener_database: Database, ada: Actor) -> None:
    metrics = Metrics("listener")
    consumer = Consumer("listener", Failing(times=2).handlers, listener_database, metrics=metrics)
    sent = note(ada)
    first = await consumer.attempt(sent, 1)
    last = await consumer.attempt(sent, 10)
    assert first is not None
    assert last is not None
    assert (first.pause, first.error) == (timedelta(seconds=1), "RuntimeError: not yet")
    assert last.pause is None
    assert await consumer.attempt(sent, 3) is None
    assert await consumer.attempt(sent, 4) is None
    counted = {
        outcome: metrics.registry.get_sample_value(
            "consumer_messages_total", {"type": sent.type, "outcome": outcome}
        )
        for outcome in ("handled", "repeated", "retried", "dead")
    }
    assert counted == {"handled": 1, "repeated": 1, "retried": 1, "dead": 1}
    lags = metrics.registry.get_sample_value("consumer_message_lag_seconds_count", {"type": sent.type})
    assert lags == 1


async def test_poison_is_not_tried_again(listener_database: Database, ada: Actor) -> None:
    consumer = consumer_of("listener", Handlers(), listener_database)
    with pytest.raises(Poison):
        await consumer.receive(note(ada))
    failure = await consumer.attempt(note(ada), 1)
    assert failure is not None
    assert failure.pause is None


async def test_a_database_that_is_away_makes_no_attempt(ada: Actor) -> None:
    url = "postgresql://listener:x@127.0.0.1:1/nowhere"
    database = Database(url, url, schema="listener", clock=SYSTEM_CLOCK)
    consumer = consumer_of("listener", listener(), database)
    with pytest.raises(DatabaseAway):
        await consumer.attempt(note(ada), 1)
    await database.close()


async def test_a_handler_works_as_the_events_actor(listener_database: Database, ada: Actor) -> None:
    seen: list[str] = []
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def look(uow: UnitOfWork, _event: Event[NoteWritten]) -> None:
        seen.append(str(await uow.session.scalar(text("SELECT current_setting('app.tenant_id')"))))
        assert uow.actor == ada

    await consumer_of("listener", handlers, listener_database).receive(note(ada))
    assert seen == [str(ada.tenant)]
