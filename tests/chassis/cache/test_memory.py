from services.chassis.cache.memory import MemoryCache
from services.chassis.clock import MovableClock


async def test_time_is_the_clocks() -> None:
    clock = MovableClock()
    cache = MemoryCache(clock)
    await cache.set("key", b"1", ttl_s=10)
    assert await cache.incr("count", window_s=10) == 1
    clock.advance(9.999)
    assert await cache.get("key") == b"1"
    assert await cache.incr("count", window_s=10) == 2
    clock.advance(0.001)
    assert await cache.get("key") is None
    assert await cache.incr("count", window_s=10) == 1


async def test_the_least_recently_used_go_first() -> None:
    cache = MemoryCache(MovableClock(), max_entries=2)
    await cache.set("a", b"1", ttl_s=10)
    await cache.set("b", b"2", ttl_s=10)
    assert await cache.get("a") == b"1"
    await cache.set("c", b"3", ttl_s=10)
    assert await cache.get("b") is None
    assert await cache.get("a") == b"1"
