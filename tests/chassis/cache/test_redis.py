"""Redis goes away and comes back: missed meanwhile, never waited for, found again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from services.chassis.cache import CacheAway
from services.chassis.cache import redis as redis_cache
from services.chassis.cache.redis import RedisCache
from services.chassis.clock import MovableClock
from tests.harness.logs import logged_by
from tests.servers.redis import RedisProcess

_MORE_THAN_A_POOL = 110


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def cache(own_redis: RedisProcess, clock: MovableClock) -> AsyncIterator[RedisCache]:
    made = RedisCache(own_redis.server.url, timeout_s=2, clock=clock)
    try:
        yield made
    finally:
        await made.close()


async def test_away_it_is_missed_and_logged_once(
    cache: RedisCache, own_redis: RedisProcess, clock: MovableClock
) -> None:
    await cache.set("key", b"1", ttl_s=60)
    await asyncio.to_thread(own_redis.kill)
    try:
        with logged_by(redis_cache) as logged:
            assert await cache.get("key") is None
            assert await cache.set("key", b"2", ttl_s=60) is False
            await cache.delete("key")
            assert await cache.incr("count", window_s=60) is None
            await cache.publish("channel", b"unheard")
        assert logged.events == ["cache_away"]
        assert cache.failures == 5
        with pytest.raises(CacheAway):
            await cache.ping()
    finally:
        await asyncio.to_thread(own_redis.start)
    assert await cache.incr("count", window_s=60) is None, "the pause after failures in a row has not ended"
    clock.advance(1)
    with logged_by(redis_cache) as logged:
        assert await cache.incr("count", window_s=60) == 1
    assert logged.events == ["cache_back"]


async def test_listeners_take_no_call_s_connection(cache: RedisCache) -> None:
    """More than a pool holds."""
    async with AsyncExitStack() as listening:
        await asyncio.gather(
            *(
                listening.enter_async_context(cache.subscribe(f"channel {n}"))
                for n in range(_MORE_THAN_A_POOL)
            )
        )
        await cache.set("key", b"1", ttl_s=60)
        assert await cache.get("key") == b"1"
    assert cache.failures == 0


async def test_a_pooled_connection_from_before_a_restart_costs_nothing(
    cache: RedisCache, own_redis: RedisProcess
) -> None:
    await cache.ping()
    await asyncio.to_thread(own_redis.stop)
    await asyncio.to_thread(own_redis.start)
    await cache.set("key", b"1", ttl_s=60)
    assert await cache.get("key") == b"1"
    assert cache.failures == 0


async def test_a_server_that_hangs_is_not_waited_for() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    cache = RedisCache(f"redis://127.0.0.1:{port}", timeout_s=0.05)
    async with server, asyncio.timeout(5):
        assert await cache.get("key") is None
        with pytest.raises(CacheAway):
            await cache.ping()
        async with cache.subscribe("channel"):
            pass
        await cache.close()


async def test_whoever_is_cancelled_while_calling_ends(cache: RedisCache) -> None:
    await cache.publish("channel", b"connected")

    async def call_and_go_on() -> None:
        await cache.publish("channel", b"said")
        await asyncio.Event().wait()

    for moment in range(30):
        calling = asyncio.create_task(call_and_go_on())
        for _ in range(moment):
            await asyncio.sleep(0)
        calling.cancel()
        ended, _ = await asyncio.wait([calling], timeout=5)
        assert ended, f"a cancellation after {moment} turns of the loop was swallowed"


async def test_a_listener_hears_again_after_a_restart(cache: RedisCache, own_redis: RedisProcess) -> None:
    other = RedisCache(own_redis.server.url, timeout_s=2)
    async with cache.subscribe("channel") as messages:
        await other.publish("channel", b"before")
        assert await anext(messages) == b"before"
        await asyncio.to_thread(own_redis.kill)
        await asyncio.to_thread(own_redis.start)

        async def say_until_heard() -> None:
            while True:
                await other.publish("channel", b"after")
                await asyncio.sleep(0.01)

        saying = asyncio.create_task(say_until_heard())
        async with asyncio.timeout(15):
            assert await anext(messages) == b"after"
        saying.cancel()
        await asyncio.wait([saying])
    await other.close()
