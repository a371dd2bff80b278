"""The unit of work: state and events together, or not at all."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.business import BusinessCounter
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.tables import outbox
from services.chassis.telemetry import traces
from services.chassis.telemetry.metrics import Metrics
from tests.chassis.probe import NoteShredded, notes, write_note
from tests.harness.databases import service_database


async def sequences(database: Database, actor: Actor, subject: object) -> Sequence[int]:
    async with database.unit_of_work(actor) as uow:
        found = await uow.session.scalars(
            select(outbox.c.sequence).where(outbox.c.subject == str(subject)).order_by(outbox.c.sequence)
        )
        return found.all()


async def test_state_and_event_are_committed_together(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        note_id = await write_note(uow, "hello")
        assert uow.has_events
        await uow.commit()
    async with probe_database.unit_of_work(ada) as uow:
        assert len((await uow.session.execute(select(notes))).all()) == 1
        row = (await uow.session.execute(select(outbox))).one()
    assert (row.type, row.subject, row.sequence) == ("probe.note.written.v1", str(note_id), 1)
    assert (row.tenant_id, row.actor) == (ada.tenant, "ada")
    assert row.payload == {"note_id": str(note_id), "text": "hello"}
    assert row.published_at is None


async def test_without_commit_nothing_stays(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        note_id = await write_note(uow, "hello")
    async with probe_database.unit_of_work(ada) as uow:
        assert (await uow.session.execute(select(notes))).all() == []
    assert await sequences(probe_database, ada, note_id) == []


async def test_an_error_rolls_back(probe_database: Database, ada: Actor) -> None:
    note_id = new_id()

    async def fail() -> None:
        async with probe_database.unit_of_work(ada) as uow:
            await write_note(uow, "hello", note_id=note_id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await sequences(probe_database, ada, note_id) == []


async def test_sequences_are_dense_under_concurrency(probe_database: Database, ada: Actor) -> None:
    note_id = new_id()

    async def write(index: int) -> None:
        async with probe_database.unit_of_work(ada) as uow:
            await write_note(uow, "hello", note_id=note_id)
            if index % 3:  # a third is rolled back: no gap may stay behind
                await uow.commit()

    await asyncio.gather(*(write(index) for index in range(30)))
    assert await sequences(probe_database, ada, note_id) == list(range(1, 21))


async def test_order_of_sequence_is_order_of_commit(probe_database: Database, ada: Actor) -> None:
    """A second writer waits for the first, so that no later number becomes visible before an earlier one."""
    note_id = new_id()
    async with probe_database.unit_of_work(ada) as first, probe_database.unit_of_work(ada) as second:
        await write_note(first, "hello", note_id=note_id)
        waiting = asyncio.create_task(write_note(second, "again", note_id=note_id))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        await first.commit()
        await waiting
        await second.commit()
    assert await sequences(probe_database, ada, note_id) == [1, 2]


async def test_aggregates_and_tenants_count_by_themselves(
    probe_database: Database, ada: Actor, bob: Actor
) -> None:
    note_id = new_id()
    for actor in (ada, bob):
        async with probe_database.unit_of_work(actor) as uow:
            await write_note(uow, "hello", note_id=note_id)
            await uow.emit(NoteShredded(note_id=note_id), subject=note_id)
            await write_note(uow, "another")
            await uow.commit()
    for actor in (ada, bob):
        assert await sequences(probe_database, actor, note_id) == [1, 2]


async def test_the_trace_of_the_producer_is_kept(probe_database: Database, ada: Actor) -> None:
    provider = traces.make_tracer_provider("probe", "")
    with traces.tracer(provider).start_as_current_span("request"):
        expected = traces.current_traceparent()
        async with probe_database.unit_of_work(ada) as uow:
            await write_note(uow, "hello")
            await uow.commit()
    async with probe_database.unit_of_work(ada) as uow:
        assert (await uow.session.scalars(select(outbox.c.traceparent))).all() == [expected]


async def test_cancellation_gives_the_connection_back(probe_database: Database, ada: Actor) -> None:
    for _ in range(20):
        started = asyncio.Event()

        async def work(started: asyncio.Event = started) -> None:
            async with probe_database.unit_of_work(ada) as uow:
                await write_note(uow, "hello")
                started.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await started.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with probe_database.unit_of_work(ada) as uow:
        assert (await uow.session.execute(select(notes))).all() == []


async def test_business_is_counted_once_it_is_committed(probe_url: str, ada: Actor) -> None:
    counter = BusinessCounter("notes_total", "Notes by tone.", ("tone",))
    metrics = Metrics("probe")
    metrics.declare(counter)
    async with service_database(probe_url, "probe", tally=metrics.tally) as database:
        for committed in (True, False):
            async with database.unit_of_work(ada) as uow:
                await write_note(uow, "hello")
                uow.count(counter, tone="kind")
                assert metrics.registry.get_sample_value("notes_total", {"tone": "kind"}) == (
                    None if committed else 1
                )
                if committed:
                    await uow.commit()
    assert metrics.registry.get_sample_value("notes_total", {"tone": "kind"}) == 1


async def test_an_amount_of_money_counts_itself(probe_url: str, ada: Actor) -> None:
    counter = BusinessCounter("value_total", "Value by currency.", ("currency",))
    metrics = Metrics("probe")
    metrics.declare(counter)
    async with (
        service_database(probe_url, "probe", tally=metrics.tally) as database,
        database.unit_of_work(ada) as uow,
    ):
        uow.count(counter, by=3600.5, currency="EUR")
        await uow.commit()
    assert metrics.registry.get_sample_value("value_total", {"currency": "EUR"}) == 3600.5
