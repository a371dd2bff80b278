"""Bounded waits for what happens by itself: a delivery, a background check."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_S = 0.02


async def eventually(look: Callable[[], Awaitable[T | None]], *, within_s: float = 15.0) -> T:
    """The first value that is not None (or False).

    Raises:
        TimeoutError: there was none in time.
    """
    async with asyncio.timeout(within_s):
        while True:
            found = await look()
            if found is not None and found is not False:
                return found
            await asyncio.sleep(_POLL_S)
