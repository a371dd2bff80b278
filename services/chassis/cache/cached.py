"""Reading through the cache: what is not there is loaded once, however many ask at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.chassis.cache import Cache

T = TypeVar("T")


def _nobody_counts(_hit: bool) -> None:
    """The hook of those who do not count."""


class CachedReads:
    """Reads through a cache, with one load at a time for a key in this process.

    `on_read` hears of each read whether it was a hit. Keys carry the tenant wherever the values do.
    """

    def __init__(self, cache: Cache, on_read: Callable[[bool], None] = _nobody_counts) -> None:
        self._cache = cache
        self._on_read = on_read
        self._loads: dict[str, asyncio.Future[Any]] = {}

    async def read(self, key: str, kind: type[T], *, ttl_s: float, load: Callable[[], Awaitable[T]]) -> T:
        """The value of a key, as a document of this kind: from the cache, or loaded and kept for `ttl_s`.

        What `load` raises is raised to all who waited for it, and nothing is kept. A value that is not of
        this kind (an older release's) counts as none.
        """
        while True:
            found = await self._find(key, kind)
            if found is not None:
                return found
            loading = self._loads.get(key)
            if loading is None:
                return await self._load(key, kind, ttl_s, load)
            try:
                value: T = await asyncio.shield(loading)
            except asyncio.CancelledError:
                if not loading.cancelled() or _is_being_cancelled():
                    raise
                # Only the one who loaded was cancelled: somebody else does it.
            else:
                return value

    async def forget(self, *keys: str) -> None:
        """Makes the next read of these keys load again."""
        await self._cache.delete(*keys)

    async def _find(self, key: str, kind: type[T]) -> T | None:
        held = await self._cache.get(key)
        try:
            found = None if held is None else TypeAdapter(kind).validate_json(held)
        except ValidationError:
            found = None
        self._on_read(found is not None)
        return found

    async def _load(self, key: str, kind: type[T], ttl_s: float, load: Callable[[], Awaitable[T]]) -> T:
        loading = self._loads[key] = asyncio.get_running_loop().create_future()
        try:
            value = await load()
        except asyncio.CancelledError:
            loading.cancel()
            raise
        except Exception as error:
            loading.set_exception(error)
            loading.exception()  # seen, even if nobody else waited
            raise
        else:
            loading.set_result(value)
            await self._cache.set(key, TypeAdapter(kind).dump_json(value), ttl_s=ttl_s)
            return value
        finally:
            del self._loads[key]


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
