"""The limit of requests a tenant may make in a minute, over all replicas of a service."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

_WINDOW_S = 60


class Counter(Protocol):
    """What counts in a window: the cache."""

    def incr(self, key: str, *, window_s: float) -> Awaitable[int | None]: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request may pass, and what is left of the limit (None: the counter is away)."""

    limit: int
    count: int | None

    @property
    def allowed(self) -> bool:
        return self.count is None or self.count <= self.limit

    def headers(self) -> dict[str, str]:
        """What a refused caller is told."""
        remaining = max(0, self.limit - (self.count or 0))
        return {
            "Retry-After": str(_WINDOW_S),
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(remaining),
        }


class RateLimiter:
    """Counts requests by tenant in windows of a minute. While the counter is away nothing is limited."""

    def __init__(self, counter: Counter, *, service: str, per_minute: int) -> None:
        self._counter = counter
        self._service = service
        self._per_minute = per_minute

    async def check(self, tenant: str) -> Decision:
        """Counts one request and says whether it may pass."""
        count = await self._counter.incr(f"{self._service}:rate:{tenant}", window_s=_WINDOW_S)
        return Decision(self._per_minute, count)
