"""A tenant's requests are counted by the minute; without a counter nothing is limited."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.cache.memory import MemoryCache
from services.chassis.cache.redis import RedisCache
from services.chassis.clock import MovableClock
from services.chassis.rate_limit import Decision, RateLimiter, window_at
from services.launcher.ports import free_port

ACME, GLOBEX = uuid4(), uuid4()


def limiter_of(clock: MovableClock, *, per_minute: int) -> RateLimiter:
    return RateLimiter(MemoryCache(clock), clock=clock, service="architect", per_minute=per_minute)


async def test_requests_past_the_limit_wait_for_the_next_minute() -> None:
    clock = MovableClock(datetime(2026, 5, 1, 12, 0, 20, tzinfo=UTC))
    limiter = limiter_of(clock, per_minute=2)
    assert [(await limiter.check(ACME)).allowed for _ in range(3)] == [True, True, False]
    assert (await limiter.check(GLOBEX)).allowed
    clock.advance(39)
    assert not (await limiter.check(ACME)).allowed
    clock.advance(1)
    assert (await limiter.check(ACME)).allowed


async def test_services_count_by_themselves() -> None:
    clock = MovableClock()
    cache = MemoryCache(clock)
    for service in ("architect", "notification"):
        limiter = RateLimiter(cache, clock=clock, service=service, per_minute=1)
        assert (await limiter.check(ACME)).allowed


async def test_a_refusal_says_how_long_to_wait() -> None:
    limiter = limiter_of(MovableClock(datetime(2026, 5, 1, 12, 0, 47, 200_000, tzinfo=UTC)), per_minute=1)
    await limiter.check(ACME)
    assert (await limiter.check(ACME)).headers() == {
        "Retry-After": "13",
        "RateLimit-Limit": "1",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "13",
    }


async def test_without_a_counter_everything_passes() -> None:
    away = RedisCache(f"redis://127.0.0.1:{free_port()}")
    limiter = RateLimiter(away, clock=MovableClock(), service="architect", per_minute=1)
    decisions = [await limiter.check(ACME) for _ in range(5)]
    await away.close()
    assert all(decision.allowed and decision.count is None for decision in decisions)


@pytest.mark.parametrize(("count", "remaining"), [(None, 3), (1, 2), (3, 0), (9, 0)])
def test_what_remains_is_never_negative(count: int | None, remaining: int) -> None:
    assert Decision(limit=3, count=count, reset_s=1).remaining == remaining


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_who_waits_as_told_comes_into_the_next_window(naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)
    number, reset_s = window_at(now)
    assert 1 <= reset_s <= 60
    assert window_at(now + timedelta(seconds=reset_s))[0] == number + 1
