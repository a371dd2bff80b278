"""Waiting for what happens elsewhere: asked again and again, for a bounded time."""

import asyncio
from collections.abc import Awaitable, Callable

_PAUSE_S = 0.02


async def until(holds: Callable[[], Awaitable[bool]], *, within_s: float = 15.0, what: str = "") -> None:
    """Returns as soon as it holds; fails the test if that takes too long."""
    async with asyncio.timeout(within_s) as limit:
        try:
            while not await holds():  # noqa: ASYNC110  # what is waited for knows no event of ours
                await asyncio.sleep(_PAUSE_S)
        except asyncio.CancelledError:
            if limit.expired():
                raise AssertionError(f"waited {within_s} s in vain {what}") from None
            raise
