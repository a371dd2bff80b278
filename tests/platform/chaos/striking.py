"""A client on whose requests the platform is killed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

import httpx2

Strike = Callable[[], Awaitable[None]]


class StrikingTransport(httpx2.AsyncBaseTransport):
    """Counts what is asked to change something, repetitions once; some of these a strike follows.

    `delays` says which, by number from 1, and how long after it was sent the platform is struck, in seconds.
    """

    def __init__(self, strike: Strike, delays: Mapping[int, float]) -> None:
        self._inner = httpx2.AsyncHTTPTransport()
        self._strike = strike
        self._delays = delays
        self._seen: set[str] = set()
        self._struck: asyncio.Task[None] | None = None
        self.strikes: list[str] = []

    @property
    def changes(self) -> int:
        """How many were asked for."""
        return len(self._seen)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "GET":
            await self._note(request)
        return await self._inner.handle_async_request(request)

    async def settled(self) -> None:
        """Returns when the last strike is over."""
        if self._struck is not None:
            await self._struck

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _note(self, request: httpx2.Request) -> None:
        name = request.headers.get("Idempotency-Key") or f"{request.method} {request.url.path}"
        if name in self._seen:
            return
        self._seen.add(name)
        delay = self._delays.get(len(self._seen))
        if delay is not None:
            await self.settled()
            self.strikes.append(f"{request.method} {request.url.path}")
            self._struck = asyncio.create_task(self._later(delay))

    async def _later(self, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._strike()


def drawn(seed: object, number: int, of: int) -> dict[int, float]:
    """So many places out of the first `of`, each with a delay: half of them within the request, half
    while others do what follows."""
    chance = random.Random(f"{seed}")  # noqa: S311  # a seed
    places = sorted(chance.sample(range(1, of + 1), number))
    return {place: chance.uniform(0, chance.choice((0.02, 0.3))) for place in places}
