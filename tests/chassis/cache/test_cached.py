import asyncio
from uuid import UUID

import pytest

from services.chassis.cache.cached import CachedReads
from services.chassis.cache.memory import MemoryCache
from services.chassis.clock import MovableClock
from services.chassis.ids import new_id
from services.schemas.base import Document, Id


class Thing(Document):
    id: Id
    name: str


class Source:
    """Where things are loaded from; counts, and waits for `gate` if it is closed."""

    def __init__(self) -> None:
        self.loads = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Exception | None = None
        self.id: UUID = new_id()

    async def load(self) -> Thing:
        self.loads += 1
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return Thing(id=self.id, name="loaded")


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def reads(clock: MovableClock) -> CachedReads:
    return CachedReads(MemoryCache(clock))


async def test_a_document_is_loaded_once_until_it_expires_or_is_forgotten(
    source: Source, clock: MovableClock
) -> None:
    hits: list[bool] = []
    reads = CachedReads(MemoryCache(clock), hits.append)
    first = await reads.read("key", Thing, ttl_s=10, load=source.load)
    second = await reads.read("key", Thing, ttl_s=10, load=source.load)
    assert first == second
    assert source.loads == 1
    clock.advance(10)
    await reads.read("key", Thing, ttl_s=10, load=source.load)
    assert source.loads == 2
    await reads.forget("key")
    await reads.read("key", Thing, ttl_s=10, load=source.load)
    assert source.loads == 3
    assert hits == [False, True, False, False]


async def test_many_at_once_make_one_load(reads: CachedReads, source: Source) -> None:
    source.gate.clear()
    asking = [asyncio.create_task(reads.read("key", Thing, ttl_s=10, load=source.load)) for _ in range(20)]
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.01, source.gate.set)
    assert len(set(await asyncio.gather(*asking))) == 1
    assert source.loads == 1


async def test_an_error_reaches_all_who_wait_and_is_not_kept(reads: CachedReads, source: Source) -> None:
    source.gate.clear()
    source.fault = LookupError("not there")
    asking = [asyncio.create_task(reads.read("key", Thing, ttl_s=10, load=source.load)) for _ in range(3)]
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.01, source.gate.set)
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [LookupError] * 3
    source.fault = None
    assert (await reads.read("key", Thing, ttl_s=10, load=source.load)).name == "loaded"


async def test_if_the_one_who_loads_is_cancelled_another_loads(reads: CachedReads, source: Source) -> None:
    source.gate.clear()
    leader, follower, impatient = (
        asyncio.create_task(reads.read("key", Thing, ttl_s=10, load=source.load)) for _ in range(3)
    )
    while source.loads < 1:  # noqa: ASYNC110  # a few turns of the loop
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    impatient.cancel()
    leader.cancel()
    source.gate.set()
    assert (await follower).name == "loaded"
    assert source.loads == 2
    for task in (leader, impatient):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_is_no_document_of_the_kind_is_loaded_again(source: Source, clock: MovableClock) -> None:
    cache = MemoryCache(clock)
    await cache.set("key", b'{"id": 1, "of": "an older release"}', ttl_s=60)
    thing = await CachedReads(cache).read("key", Thing, ttl_s=10, load=source.load)
    assert thing.id == source.id
