"""Word of a job: a hint that its row has changed. Looking at the row, every now and then, is the truth."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from services.chassis.cache import Cache


def _channel(job_id: UUID) -> str:
    return f"calculation_engine:jobs:{job_id}"


async def tell(cache: Cache, job_id: UUID) -> None:
    """Lets those who follow a job look at it now."""
    await cache.publish(_channel(job_id), b"")


@asynccontextmanager
async def changes(cache: Cache, job_id: UUID, *, every_s: float) -> AsyncIterator[AsyncIterator[None]]:
    """When to look at a job: at once, whenever something is told of it, and after `every_s` seconds."""
    async with cache.subscribe(_channel(job_id)) as messages:
        yield _moments(messages, every_s)


async def _moments(messages: AsyncIterator[bytes], every_s: float) -> AsyncIterator[None]:
    while True:
        yield
        with suppress(TimeoutError):
            async with asyncio.timeout(every_s):
                await anext(messages)
