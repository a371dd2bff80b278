"""A tenant's requests are counted in a window; without a counter nothing is limited."""

from services.chassis.cache.memory import MemoryCache
from services.chassis.clock import MovableClock
from services.chassis.rate_limit import RateLimiter


class AwayCounter:
    """A counter that does not answer."""

    async def incr(self, key: str, *, window_s: float) -> int | None:
        return None


async def test_requests_past_the_limit_wait_for_the_next_window() -> None:
    clock = MovableClock()
    limiter = RateLimiter(MemoryCache(clock), service="architect", per_minute=2)
    assert [(await limiter.check("a")).allowed for _ in range(3)] == [True, True, False]
    assert (await limiter.check("b")).allowed
    clock.advance(61)
    assert (await limiter.check("a")).allowed


async def test_a_refusal_says_how_long_to_wait() -> None:
    limiter = RateLimiter(MemoryCache(MovableClock()), service="architect", per_minute=1)
    await limiter.check("a")
    headers = (await limiter.check("a")).headers()
    assert headers == {"Retry-After": "60", "RateLimit-Limit": "1", "RateLimit-Remaining": "0"}


async def test_without_a_counter_everything_passes() -> None:
    limiter = RateLimiter(AwayCounter(), service="architect", per_minute=1)
    assert all([(await limiter.check("a")).allowed for _ in range(5)])
