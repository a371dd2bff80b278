"""Computing shards: once, only what is wanted, and with an end to what cannot be done."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.calculation_engine.domain.loops.choice import loaded
from services.calculation_engine.jobs import worker
from services.calculation_engine.jobs.queue import Labels, local_queue
from services.calculation_engine.jobs.shards import Keys, Shard
from services.calculation_engine.jobs.worker import MOST_ATTEMPTS, PATIENCE_S, Worker
from services.chassis.cache.memory import MemoryCache
from services.chassis.cache.redis import RedisCache
from tests.calculation_engine.jobs.conftest import Bench, MakeBench
from tests.harness.waiting import eventually


async def a_shard(bench: Bench) -> tuple[Shard, Labels]:
    await bench.add(draws=1000)
    await bench.coordinator.run_once()
    [sent] = bench.queue.taken()
    return sent


async def test_a_redelivered_shard_is_known(bench: Bench) -> None:
    shard, labels = await a_shard(bench)
    for _ in range(2):
        assert await bench.worker.take(shard, labels)
    assert bench.computed() == 1


async def test_what_nobody_wants_is_not_computed(bench: Bench) -> None:
    row = await bench.add(draws=1000)
    await bench.coordinator.run_once()
    [(shard, labels)] = bench.queue.taken()
    assert await bench.worker.take(replace(shard, build="another"), labels)
    past = (bench.clock.now() - timedelta(seconds=1)).isoformat()
    assert await bench.worker.take(shard, {**labels, "deadline": past})
    await bench.cancel(row)
    assert await bench.worker.take(shard, labels)
    assert bench.computed() == 0


async def test_a_shard_that_takes_its_replicas_with_it_fails_its_job(bench: Bench) -> None:
    row = await bench.add(draws=1000)
    await bench.coordinator.run_once()
    [(shard, labels)] = bench.queue.taken()
    keys = Keys.of(row.tenant_id, row.id)
    for _ in range(MOST_ATTEMPTS):  # each began, and never told of an end
        await bench.runtime.cache.incr(keys.attempts(shard.start), window_s=60)
    assert await bench.worker.take(shard, labels)
    failed = await bench.job(row)
    assert failed.problem is not None
    assert (failed.status, failed.problem["code"]) == ("failed", "job_not_done")


async def test_a_shard_that_raises_is_tried_again_and_fails_its_job(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await bench.add(draws=1000)
    await bench.coordinator.run_once()
    [(shard, labels)] = bench.queue.taken()

    def broken(*_: object, **__: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(worker, "compute", broken)
    monkeypatch.setattr(worker, "_PAUSE_S", 0.0)
    assert await bench.worker.take(shard, labels)
    assert (await bench.job(row)).status == "failed"


async def test_a_result_stays_in_hand_while_the_cache_is_away(make_bench: MakeBench) -> None:
    """It is not acknowledged, and comes again after the service has stopped."""
    coordinating = make_bench()
    shard, labels = await a_shard(coordinating)
    away = make_bench(RedisCache("redis://127.0.0.1:1", timeout_s=0.1))
    in_hand = asyncio.create_task(away.worker.take(shard, labels))
    await eventually(lambda: _failed_often(away))
    assert not in_hand.done()
    away.worker._stopping.set()
    assert await in_hand is False


async def test_a_result_that_the_cache_does_not_take_goes_back(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while: the worker is free for others, and the shard comes again."""
    monkeypatch.setattr(worker, "_PAUSE_S", 0.0)
    bench = make_bench(FullCache())
    row = await bench.add(draws=1000)
    await bench.coordinator.run_once()
    [(shard, labels)] = bench.queue.taken()
    in_hand = asyncio.create_task(bench.worker.take(shard, labels))
    await eventually(lambda: _refused_often(bench))
    assert not in_hand.done()
    bench.clock.advance(PATIENCE_S + 1)
    assert await in_hand is False
    assert counted(bench, "unkept") == 1
    # It is no failure of the shard's, however often: nobody died over it.
    assert await bench.runtime.cache.incr(Keys.of(row.tenant_id, row.id).attempts(0), window_s=60) == 1
    assert (await bench.job(row)).status == "running"


async def test_a_part_that_is_merged_at_once_counts_as_computed(make_bench: MakeBench) -> None:
    """The coordinator forgets what it has merged, before or after anybody looks whether it is there."""
    bench = make_bench(ForgetfulCache())
    shard, labels = await a_shard(bench)
    async with asyncio.timeout(60):
        assert await bench.worker.take(shard, labels)
    assert (bench.computed(), counted(bench, "interrupted")) == (1, 0)


class FullCache(MemoryCache):
    """It takes nothing as large as a part."""

    refused = 0

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        if value:
            self.refused += 1
            return False
        return await super().set(key, value, ttl_s=ttl_s)


class ForgetfulCache(MemoryCache):
    """Somebody fetches and forgets whatever it was given, at once."""

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        await super().set(key, value, ttl_s=ttl_s)
        await self.delete(key)
        return True


async def _refused_often(bench: Bench) -> bool:
    assert isinstance(bench.runtime.cache, FullCache)
    return bench.runtime.cache.refused > 3


def counted(bench: Bench, outcome: str) -> float:
    value = bench.runtime.metrics.registry.get_sample_value("job_shards_total", {"outcome": outcome})
    assert value is not None
    return value


async def test_a_shard_belongs_to_the_trace_of_its_request(bench: Bench) -> None:
    shard, labels = await a_shard(bench)
    spans = InMemorySpanExporter()
    bench.runtime.tracer_provider.add_span_processor(SimpleSpanProcessor(spans))
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    assert await bench.worker.take(shard, {**labels, "traceparent": f"00-{trace}-{parent}-01"})
    [span] = [each for each in spans.get_finished_spans() if each.name == "compute shard"]
    assert span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (trace, parent)
    assert span.attributes is not None
    assert span.attributes["shard.outcome"] == "computed"


async def test_a_stop_interrupts_what_is_in_hand(bench: Bench) -> None:
    """It is let go of within a block, undone: nobody is told that it ended."""
    await asyncio.to_thread(loaded)  # which nothing interrupts
    queue = local_queue()
    row = await bench.add(draws=100_000_000)
    await bench.coordinator.run_once()
    [(shard, labels), *_] = bench.queue.taken()
    working = Worker(bench.runtime, queue)
    async with working.running():
        await queue.send(shard, labels)
        keys = Keys.of(row.tenant_id, row.id)

        async def begun() -> bool:
            return await bench.runtime.cache.get(keys.attempts(shard.start)) is not None

        await eventually(begun)
    assert counted(bench, "interrupted") == 1
    assert bench.computed() == 0
    assert (await bench.job(row)).status == "running"


async def _failed_often(bench: Bench) -> bool:
    return bench.runtime.cache.failures > 5
