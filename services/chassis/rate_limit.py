"""The limit of requests a tenant may make in a minute, over all replicas of a service."""

import math
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.chassis.clock import Clock

_WINDOW_S = 60


class Counter(Protocol):
    """What counts in a window: the cache. None: it is away."""

    def incr(self, key: str, *, window_s: float) -> Awaitable[int | None]: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request may pass, what is left of the limit, and in how many seconds it is whole again.

    `count` is None while the counter is away: everything passes then.
    """

    limit: int
    count: int | None
    reset_s: int

    @property
    def allowed(self) -> bool:
        return self.count is None or self.count <= self.limit

    @property
    def remaining(self) -> int:
        return max(0, self.limit - (self.count or 0))

    def headers(self) -> dict[str, str]:
        """What a refused caller is told, under the names that Kong uses too."""
        return {
            "Retry-After": str(self.reset_s),
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }


class RateLimiter:
    """Counts requests by tenant, in windows that begin with each minute of the clock.

    Replicas share the windows by their clocks alone. At a turn of the minute a tenant may spend two windows'
    limits at once: the price of one counter a tenant.
    """

    def __init__(self, counter: Counter, *, clock: Clock, service: str, per_minute: int) -> None:
        self._counter = counter
        self._clock = clock
        self._service = service
        self._per_minute = per_minute

    async def check(self, tenant: UUID) -> Decision:
        """Counts one request and says whether it may pass."""
        number, reset_s = window_at(self._clock.now())
        count = await self._counter.incr(f"{self._service}:rate:{tenant}:{number}", window_s=_WINDOW_S)
        return Decision(self._per_minute, count, reset_s)


def window_at(now: datetime) -> tuple[int, int]:
    """The number of the window of a time, and the whole seconds, rounded up, until it ends (1 to 60)."""
    number, elapsed = divmod(now.timestamp(), _WINDOW_S)
    return int(number), math.ceil(_WINDOW_S - elapsed)
