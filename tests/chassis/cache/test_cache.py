"""One suite over both caches: in memory, and in a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from services.chassis.cache import Cache
from services.chassis.cache.memory import MemoryCache
from services.chassis.cache.redis import RedisCache
from services.chassis.ids import new_id

SOON_S = 0.05
LATER_S = 60.0


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    made: Cache
    if request.param == "memory":
        made = MemoryCache()
    else:
        made = RedisCache(request.getfixturevalue("redis_server").url, timeout_s=5)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
def key() -> str:
    return f"test:{new_id()}"


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await check():  # noqa: ASYNC110  # nothing tells us
            await asyncio.sleep(0.005)


async def test_it_keeps_a_value(cache: Cache, key: str) -> None:
    assert await cache.get(key) is None
    assert await cache.set(key, b"\x00\xffvalue", ttl_s=LATER_S) is True
    assert await cache.get(key) == b"\x00\xffvalue"
    await cache.set(key, b"", ttl_s=LATER_S)
    assert await cache.get(key) == b""


async def test_it_counts_what_its_reads_found(cache: Cache, key: str) -> None:
    await cache.get(key)
    await cache.set(key, b"", ttl_s=LATER_S)
    for _ in range(2):
        await cache.get(key)
    assert (cache.reads.hits, cache.reads.misses) == (2, 1)


async def test_it_forgets_what_is_deleted(cache: Cache, key: str) -> None:
    await cache.set(key, b"1", ttl_s=LATER_S)
    await cache.set(key + ":2", b"2", ttl_s=LATER_S)
    await cache.delete()
    await cache.delete(key, key + ":2", key + ":never")
    assert await cache.get(key) is None
    assert await cache.get(key + ":2") is None


async def test_a_value_expires(cache: Cache, key: str) -> None:
    await cache.set(key, b"1", ttl_s=SOON_S)

    async def gone() -> bool:
        return await cache.get(key) is None

    await eventually(gone)


async def test_counts_of_many_at_once_are_dense(cache: Cache, key: str) -> None:
    counts = await asyncio.gather(*(cache.incr(key, window_s=LATER_S) for _ in range(50)))
    assert sorted(count or 0 for count in counts) == list(range(1, 51))


async def test_a_window_ends_however_often_it_is_counted_in(cache: Cache, key: str) -> None:
    assert await cache.incr(key, window_s=SOON_S) == 1

    async def began_anew() -> bool:
        return await cache.incr(key, window_s=SOON_S) == 1

    await eventually(began_anew)


async def test_listeners_hear_what_is_published_after_they_came(cache: Cache, key: str) -> None:
    await cache.publish(key, b"before")
    async with cache.subscribe(key) as first, cache.subscribe(key) as second:
        for message in (b"one", b"two"):
            await cache.publish(key, message)
        await cache.publish(key + ":other", b"not for them")
        async with asyncio.timeout(10):
            assert [await anext(first), await anext(first)] == [b"one", b"two"]
            assert [await anext(second), await anext(second)] == [b"one", b"two"]
    await cache.publish(key, b"after")


async def test_a_slow_listener_loses_the_oldest(cache: Cache, key: str) -> None:
    async with cache.subscribe(key) as messages:
        for number in range(1200):
            await cache.publish(key, b"%d" % number)
        async with asyncio.timeout(10):
            while await anext(messages) != b"1199":
                pass


async def test_it_answers(cache: Cache) -> None:
    await cache.ping()
    assert cache.failures == 0
