"""Conducting jobs: cut, sent, merged in order, resumed by another, given up in the end."""

import json
from collections import Counter
from datetime import timedelta

import pytest

from services.calculation_engine.jobs import conduct, shards, worker
from services.calculation_engine.jobs.conduct import WINDOW
from services.calculation_engine.jobs.coordinator import MOST_ATTEMPTS, Coordinator
from services.calculation_engine.jobs.shards import BEGUN_S, Keys, build
from services.calculation_engine.store import waiting
from services.calculation_engine.store.jobs import LONGEST
from services.chassis.ids import new_id
from tests.calculation_engine.jobs.conftest import Bench, MakeBench

SMALL = 2**17


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one span; a sample of several keeps no single draws either."""
    monkeypatch.setattr(shards, "SHARD", SMALL)
    monkeypatch.setattr("services.calculation_engine.domain.part.EXACT", SMALL)


async def stopped(coordinator: Coordinator) -> None:
    """As when its service ends."""
    task = coordinator.start()
    await coordinator.stop(task, grace_s=5)


async def test_shards_are_aligned_and_sent_with_trace_and_deadline(bench: Bench) -> None:
    row = await bench.add(draws=2 * SMALL + 1000)
    await bench.coordinator.run_once()
    sent = bench.queue.taken()
    assert [(shard.start, shard.stop) for shard, _ in sent] == [
        (0, SMALL),
        (SMALL, 2 * SMALL),
        (2 * SMALL, 2 * SMALL + 1000),
    ]
    assert {(shard.tenant, shard.job_id, shard.build) for shard, _ in sent} == {
        (row.tenant_id, row.id, build())
    }
    assert {labels["deadline"] for _, labels in sent} == {row.due_at.isoformat()}


async def test_only_so_many_shards_are_sent_ahead(bench: Bench) -> None:
    await bench.add(draws=(WINDOW + 5) * SMALL)
    await bench.coordinator.run_once()
    first, *others = bench.queue.taken()
    assert len(others) == WINDOW - 1
    assert await bench.worker.take(*first)
    await bench.coordinator.run_once()
    assert [shard.start for shard, _ in bench.queue.taken()] == [WINDOW * SMALL]


async def test_a_tenant_s_jobs_share_what_is_sent_ahead(bench: Bench) -> None:
    """So that another's shards have few before them, however many jobs there are."""
    many, ada = 2 * WINDOW * SMALL, new_id()
    ada_s = [(await bench.add(many, ada)).id for _ in range(5)]
    other = (await bench.add(many)).id
    await bench.coordinator.run_once()
    sent = Counter(shard.job_id for shard, _ in bench.queue.taken())
    assert [sent[each] for each in ada_s] == [WINDOW // 4] * 4 + [0], "four at once are one tenant's"
    assert sent[other] == WINDOW


async def test_another_goes_on_from_what_was_merged(make_bench: MakeBench) -> None:
    """The first is asked to stop, and hands its lease back; the second computes nothing again."""
    one, other = make_bench(), make_bench()
    row = await one.add(draws=3 * SMALL)
    await one.coordinator.run_once()
    await other.coordinator.run_once()
    assert other.queue.taken() == []  # one conducts it
    first, *_ = one.queue.taken()
    assert await one.worker.take(*first)
    await one.coordinator.run_once()
    assert (await one.job(row)).done == SMALL
    await stopped(one.coordinator)
    await other.coordinator.run_once()
    assert [shard.start for shard in await other.work()] == [SMALL, 2 * SMALL]
    await other.coordinator.run_once()
    resumed = await other.job(row)
    alone = make_bench()
    again = await alone.add(draws=3 * SMALL)
    await alone.coordinator.run_once()
    await alone.work()
    await alone.coordinator.run_once()
    assert resumed.result is not None
    assert resumed.result == (await alone.job(again)).result
    assert json.loads(resumed.result)["draws"] == 3 * SMALL


async def test_a_newer_build_takes_nothing_of_an_older_one_s(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of an upgrade: it begins anew, and its workers leave what was sent before."""
    old, new = make_bench(), make_bench()
    row = await old.add(draws=3 * SMALL)
    await old.coordinator.run_once()
    first, *sent = old.queue.taken()
    assert await old.worker.take(*first)
    await old.coordinator.run_once()
    assert (await old.job(row)).done == SMALL
    await stopped(old.coordinator)
    for module in (shards, conduct, worker):
        monkeypatch.setattr(module, "build", lambda: "a newer one")
    await new.coordinator.run_once()
    for shard, labels in sent:
        assert await new.worker.take(shard, labels)
    assert new.computed() == 0
    assert [shard.start for shard in await new.work()] == [0, SMALL, 2 * SMALL]
    assert new.computed() == 3
    await new.coordinator.run_once()
    assert (await new.job(row)).status == "succeeded"


async def test_whoever_lost_the_lease_ends_nothing(make_bench: MakeBench) -> None:
    one, other = make_bench(), make_bench()
    row = await one.add(draws=1000)
    await one.coordinator.run_once()
    await one.work()
    await waiting.hand_back(one.runtime.database, one.coordinator._lease)
    await waiting.claim(
        other.runtime.database, new_id(), size=1, of_a_tenant=10, duration=timedelta(seconds=30)
    )
    await one.coordinator.run_once()
    assert (await one.job(row)).status == "running"


async def test_what_does_not_come_is_sent_again(bench: Bench) -> None:
    row = await bench.add(draws=2 * SMALL)
    await bench.coordinator.run_once()
    lost = bench.queue.taken()
    await bench.coordinator.run_once()
    assert bench.queue.taken() == []
    bench.clock.advance(61)
    await bench.coordinator.run_once()
    assert bench.queue.sent == lost
    await bench.work()
    await bench.coordinator.run_once()
    assert (await bench.job(row)).status == "succeeded"


async def test_what_somebody_still_computes_is_not_sent_again(bench: Bench) -> None:
    row = await bench.add(draws=SMALL)
    await bench.coordinator.run_once()
    assert len(bench.queue.taken()) == 1
    begun = Keys.of(row.tenant_id, row.id).begun(0)
    for _ in range(3):
        bench.clock.advance(61)
        await bench.runtime.cache.set(begun, b"", ttl_s=BEGUN_S)
        await bench.coordinator.run_once()
        assert bench.queue.taken() == []
    bench.clock.advance(61)
    await bench.coordinator.run_once()
    assert len(bench.queue.taken()) == 1


async def test_two_jobs_of_one_request_are_in_nobody_s_way(bench: Bench) -> None:
    tenant = new_id()
    rows = [await bench.add(1000, tenant) for _ in range(2)]
    await bench.coordinator.run_once()
    await bench.work()
    await bench.coordinator.run_once()
    assert [(await bench.job(row)).status for row in rows] == ["succeeded", "succeeded"]


async def test_a_cancelled_job_is_let_go_of(bench: Bench) -> None:
    row = await bench.add(draws=3 * SMALL)
    await bench.coordinator.run_once()
    await bench.cancel(row)
    bench.clock.advance(6)
    await bench.coordinator.run_once()
    bench.queue.taken()
    bench.clock.advance(1000)
    await bench.coordinator.run_once()
    assert bench.queue.taken() == []


async def test_a_job_has_a_time_to_be_done_in(bench: Bench) -> None:
    row = await bench.add(draws=1000)
    await bench.coordinator.run_once()
    bench.clock.advance(LONGEST)
    await bench.coordinator.run_once()
    failed = await bench.job(row)
    assert failed.problem is not None
    assert (failed.status, failed.problem["code"]) == ("failed", "deadline_exceeded")


async def test_a_job_that_takes_its_coordinators_with_it_is_given_up(bench: Bench) -> None:
    row = await bench.add(draws=1000)
    for _ in range(MOST_ATTEMPTS):  # each dies, and its lease runs out
        claimed = await waiting.claim(
            bench.runtime.database, new_id(), size=1, of_a_tenant=10, duration=timedelta()
        )
        assert [each.job_id for each in claimed] == [row.id]
    await bench.coordinator.run_once()
    failed = await bench.job(row)
    assert failed.problem is not None
    assert (failed.status, failed.problem["code"]) == ("failed", "job_not_done")


async def test_jobs_are_counted_by_state(bench: Bench) -> None:
    await bench.add(draws=1000)
    await bench.coordinator.run_once()
    read = bench.runtime.metrics.registry.get_sample_value
    assert (read("jobs", {"status": "queued"}), read("jobs", {"status": "running"})) == (1, 0)
    bench.clock.advance(6)
    await bench.coordinator.run_once()
    assert (read("jobs", {"status": "queued"}), read("jobs", {"status": "running"})) == (0, 1)
