"""The relay: order, leases, fencing, and what a crash at each step leaves behind."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.chassis.actor import Actor
from services.chassis.bus import BusAway, PublishFailed
from services.chassis.bus.local import LocalBus
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.outbox import Outbox, Outcome
from services.chassis.relay import Relay
from services.chassis.tables import outbox
from services.chassis.telemetry.metrics import Metrics
from services.schemas.envelope import Envelope
from tests.chassis.probe import write_note
from tests.chassis.wires import relay_of
from tests.harness.waiting import eventually

MINUTE = timedelta(minutes=1)
OVER = timedelta(0)  # a lease that has run out when the next statement looks


class RecordingBus(LocalBus):
    """Keeps what was published in order; refuses subjects on demand, and may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[Envelope] = []
        self.refused: set[str] = set()
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, envelope: Envelope) -> None:
        if envelope.subject in self.refused:
            raise PublishFailed("refused")
        await self.gate.wait()
        self.published.append(envelope)

    async def ping(self) -> None:
        if self.away:
            raise BusAway("gone")

    def sequences_of(self, subject: UUID) -> list[int]:
        return [envelope.sequence for envelope in self.published if envelope.subject == str(subject)]


async def write(database: Database, actor: Actor, *subjects: UUID) -> None:
    for subject in subjects:
        async with database.unit_of_work(actor) as uow:
            await write_note(uow, "hello", note_id=subject)
            await uow.commit()


def outbox_of(database: Database) -> Outbox:
    return Outbox(database, source="probe", clock=SYSTEM_CLOCK)


async def unpublished(database: Database) -> int:
    return (await outbox_of(database).backlog()).rows


async def test_the_envelope_says_what_happened(probe_database: Database, ada: Actor) -> None:
    bus, subject = RecordingBus(), new_id()
    await write(probe_database, ada, subject)
    assert await relay_of(probe_database, bus).run_once()
    (envelope,) = bus.published
    assert (envelope.source, envelope.type) == ("probe", "probe.note.written.v1")
    assert (envelope.tenant, envelope.actor, envelope.subject) == (ada.tenant, "ada", str(subject))
    assert envelope.sequence == 1
    assert envelope.data == {"note_id": str(subject), "text": "hello"}
    assert await unpublished(probe_database) == 0


async def test_rows_of_all_tenants_are_published_and_each_aggregates_in_order(
    probe_database: Database, ada: Actor, bob: Actor
) -> None:
    bus, first, second = RecordingBus(), new_id(), new_id()
    await write(probe_database, ada, first, second, first, second, first)
    await write(probe_database, bob, first)
    assert await relay_of(probe_database, bus).run_once()
    assert [e.sequence for e in bus.published if e.tenant == ada.tenant and e.subject == str(first)] == [
        1,
        2,
        3,
    ]
    assert bus.sequences_of(second) == [1, 2]
    assert [e.subject for e in bus.published if e.tenant == bob.tenant] == [str(first)]
    assert not await relay_of(probe_database, bus).run_once()


async def test_a_failing_aggregate_holds_back_its_own_rows_alone(
    probe_database: Database, ada: Actor
) -> None:
    bus, stuck, free = RecordingBus(), new_id(), new_id()
    bus.refused.add(str(stuck))
    await write(probe_database, ada, stuck, stuck, free)
    relay = relay_of(probe_database, bus)
    assert await relay.run_once()
    assert not await relay.run_once()  # paused: its first row is not due, its second not at the head
    assert bus.sequences_of(free) == [1]
    assert bus.sequences_of(stuck) == []
    async with probe_database.unit_of_work(ada) as uow:
        rows = await uow.session.execute(
            select(outbox.c.attempts, outbox.c.last_error)
            .where(outbox.c.subject == str(stuck))
            .order_by(outbox.c.sequence)
        )
        assert [tuple(row) for row in rows] == [(1, "PublishFailed: refused"), (0, None)]


async def test_the_failed_row_is_tried_again_and_the_rest_follows(
    probe_database: Database, ada: Actor
) -> None:
    bus, stuck = RecordingBus(), new_id()
    bus.refused.add(str(stuck))
    await write(probe_database, ada, stuck, stuck)
    relay = relay_of(probe_database, bus)
    async with relay.running():

        async def tried() -> bool:
            async with probe_database.system() as connection:
                return bool(await connection.scalar(select(outbox.c.attempts).where(outbox.c.attempts > 0)))

        async def published() -> bool:
            return bus.sequences_of(stuck) == [1, 2]

        await eventually(tried)
        bus.refused.clear()
        await eventually(published)


async def test_two_relays_share_the_work(probe_database: Database, ada: Actor) -> None:
    bus = RecordingBus()
    subjects = [new_id() for _ in range(20)]
    await write(probe_database, ada, *subjects, *subjects)
    relays = [relay_of(probe_database, bus) for _ in range(2)]

    async def drain(index: int) -> None:
        while await relays[index].run_once():
            pass

    await asyncio.gather(drain(0), drain(1))
    assert await unpublished(probe_database) == 0
    assert Counter(envelope.id for envelope in bus.published).most_common(1)[0][1] == 1
    assert all(bus.sequences_of(subject) == [1, 2] for subject in subjects)


async def test_claimed_rows_belong_to_one_relay_until_the_lease_runs_out(
    probe_database: Database, ada: Actor
) -> None:
    await write(probe_database, ada, new_id())
    box = outbox_of(probe_database)
    held = await box.claim(size=10, duration=OVER)
    assert held is not None
    retaken = await box.claim(size=10, duration=MINUTE)
    assert retaken is not None
    assert [row.id for row in retaken.streams[0]] == [row.id for row in held.streams[0]]
    assert await box.claim(size=10, duration=MINUTE) is None


async def test_nobody_passes_a_claimed_head(probe_database: Database, ada: Actor) -> None:
    subject = new_id()
    box = outbox_of(probe_database)
    await write(probe_database, ada, subject)
    assert await box.claim(size=10, duration=MINUTE) is not None
    await write(probe_database, ada, subject)
    assert await box.claim(size=10, duration=MINUTE) is None


async def test_who_lost_the_lease_acknowledges_nothing(probe_database: Database, ada: Actor) -> None:
    await write(probe_database, ada, new_id(), new_id())
    box = outbox_of(probe_database)
    slow = await box.claim(size=10, duration=OVER)
    quick = await box.claim(size=10, duration=MINUTE)
    assert slow is not None
    assert quick is not None
    ids = tuple(stream[0].id for stream in slow.streams)
    await box.settle(slow.lease, Outcome(confirmed=ids[:1], failed=ids[1], error="late"))
    assert await unpublished(probe_database) == 2
    await box.settle(quick.lease, Outcome(confirmed=ids))
    assert await unpublished(probe_database) == 0


async def test_a_crash_between_publish_and_acknowledgement_publishes_again_with_the_same_id(
    probe_database: Database, ada: Actor
) -> None:
    bus = RecordingBus()
    await write(probe_database, ada, new_id())
    claim = await outbox_of(probe_database).claim(size=10, duration=OVER)
    assert claim is not None
    await bus.publish(claim.streams[0][0].envelope("probe"))
    # The relay died here; the next one finds the lease run out.
    assert await relay_of(probe_database, bus).run_once()
    assert len(bus.published) == 2
    assert bus.published[0] == bus.published[1]
    assert await unpublished(probe_database) == 0


async def test_a_slow_relay_keeps_its_lease(probe_database: Database, ada: Actor) -> None:
    bus = RecordingBus()
    await write(probe_database, ada, new_id())
    bus.gate.clear()
    slow = asyncio.create_task(relay_of(probe_database, bus, lease=timedelta(milliseconds=200)).run_once())
    ends: set[object] = set()

    async def renewed() -> bool:
        async with probe_database.system() as connection:
            ends.add(await connection.scalar(select(outbox.c.lease_until)))
        return len(ends) > 8

    await eventually(renewed)  # for longer than it was
    assert await outbox_of(probe_database).claim(size=10, duration=MINUTE) is None
    bus.gate.set()
    assert await slow
    assert len(bus.published) == 1


async def test_while_the_bus_is_away_nothing_is_claimed(probe_database: Database, ada: Actor) -> None:
    bus = RecordingBus()
    bus.away = True
    await write(probe_database, ada, new_id())
    relay = relay_of(probe_database, bus)
    assert not await relay.run_once()
    bus.away = False
    assert await relay.run_once()
    assert len(bus.published) == 1


async def test_a_cancelled_relay_notes_what_was_confirmed_and_hands_back_the_rest(
    probe_database: Database, ada: Actor
) -> None:
    bus = RecordingBus()
    subject = new_id()
    await write(probe_database, ada, subject, subject)
    bus.gate.clear()
    work = asyncio.create_task(relay_of(probe_database, bus).run_once())

    async def claimed() -> bool:
        async with probe_database.system() as connection:
            return bool(await connection.scalar(select(outbox.c.lease_owner)))

    await eventually(claimed)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    bus.gate.set()
    assert await relay_of(probe_database, bus).run_once()  # at once: no lease to wait for
    assert bus.sequences_of(subject) == [1, 2]


async def test_a_relay_cancelled_anywhere_leaves_no_lease(probe_database: Database, ada: Actor) -> None:
    chance = random.Random(20261124)  # noqa: S311  # seeded
    bus = RecordingBus()
    bus.gate.clear()
    await write(probe_database, ada, new_id(), new_id())
    for _ in range(40):
        work = asyncio.create_task(relay_of(probe_database, bus).run_once())
        await asyncio.wait([work], timeout=chance.uniform(0, 0.03))
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        async with probe_database.system() as connection:
            assert await connection.scalar(select(outbox.c.lease_owner)) is None


async def test_a_wake_ends_the_wait(probe_database: Database, ada: Actor) -> None:
    bus = RecordingBus()
    relay = relay_of(probe_database, bus)
    relay.interval_s = 3600
    async with relay.running():
        await write(probe_database, ada, new_id())
        relay.wake()

        async def published() -> bool:
            return len(bus.published) == 1

        await eventually(published)


async def test_first_deliveries_keep_each_aggregates_order_whatever_relays_do(
    probe_database: Database, ada: Actor
) -> None:
    """A seeded walk of relays that publish, fail, crash with a live lease, and lose one."""
    chance = random.Random(20261124)  # noqa: S311  # seeded, so that a failure comes again
    box, bus = outbox_of(probe_database), RecordingBus()
    subjects = [new_id() for _ in range(3)]
    for _ in range(60):
        await write(probe_database, ada, *chance.sample(subjects, 2))
        claim = await box.claim(size=chance.randint(1, 5), duration=chance.choice([OVER, MINUTE]))
        if claim is None or chance.random() < 0.2:
            await expire_leases(probe_database, ada)  # time passes
            continue
        for stream in claim.streams:
            reached = chance.randint(0, len(stream))
            for row in stream[:reached]:
                await bus.publish(row.envelope("probe"))
            if chance.random() < 0.7:  # else it crashed before it noted anything
                ids = [row.id for row in stream]
                failed = ids[reached] if reached < len(ids) else None
                outcome = Outcome(tuple(ids[:reached]), failed, "refused", tuple(ids[reached + 1 :]))
                await box.settle(claim.lease, outcome)
    await expire_leases(probe_database, ada)
    while await relay_of(probe_database, bus).run_once():
        await expire_leases(probe_database, ada)
    for subject in subjects:
        first = list(dict.fromkeys(bus.sequences_of(subject)))
        assert first == list(range(1, len(first) + 1))
    assert await unpublished(probe_database) == 0


async def expire_leases(database: Database, actor: Actor) -> None:
    async with database.unit_of_work(actor) as uow:
        await uow.session.execute(update(outbox).values(lease_until=None))
        await uow.commit()


async def test_backlog_and_age_are_measured(probe_database: Database, ada: Actor) -> None:
    assert (await outbox_of(probe_database).backlog()).rows == 0
    await write(probe_database, ada, new_id(), new_id())
    backlog = await outbox_of(probe_database).backlog()
    assert backlog.rows == 2
    assert timedelta(0) < backlog.age < MINUTE


async def test_the_backlog_is_a_metric(probe_database: Database, ada: Actor) -> None:
    metrics, bus = Metrics("probe"), RecordingBus()
    bus.away = True
    await write(probe_database, ada, new_id(), new_id())
    await Relay(outbox_of(probe_database), bus, metrics=metrics).run_once()
    assert metrics.registry.get_sample_value("outbox_backlog") == 2
    assert (metrics.registry.get_sample_value("outbox_age_seconds") or 0) > 0
