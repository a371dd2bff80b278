"""Background work, all of one shape: a unit done again and again, whose errors are logged and never fatal."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cached_property
from typing import Self

import structlog

from services.chassis import grace
from services.chassis.absence import is_away

log = structlog.get_logger(__name__)

# Its own source: the process's shared generator belongs to whoever seeds it.
_jitter = random.SystemRandom()
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 30.0
_CANCEL_PATIENCE_S = 2.0


class BackgroundService(ABC):
    """Work that a service does by itself: `run_once` every `interval_s`, sooner after a `wake`.

    `name` stands in its log lines. Stopping lets the current unit finish within the grace, then cancels it: a
    unit must be safe to cancel and to do again. An error delays the next unit by a growing back-off.
    """

    name: str
    interval_s: float = 1.0

    @cached_property
    def _woken(self) -> asyncio.Event:
        return asyncio.Event()

    @cached_property
    def _stopping(self) -> asyncio.Event:
        return asyncio.Event()

    @abstractmethod
    async def run_once(self) -> bool | None:
        """One unit of work, of bounded length; True if more waits, so that the next follows at once."""

    def wake(self) -> None:
        """A hint, from the service's own event loop, that there may be work: the next unit comes at once.

        Polling stays the truth. A hint during the back-off after an error does not shorten it.
        """
        self._woken.set()

    @asynccontextmanager
    async def running(self, *, grace_s: float = grace.UNITS_S) -> AsyncIterator[Self]:
        """Runs the service for the length of the block."""
        task = self.start()
        try:
            yield self
        finally:
            await self.stop(task, grace_s=grace_s)

    def start(self) -> asyncio.Task[None]:
        """Starts the loop in a task of its own; whoever starts it stops it."""
        self._stopping.clear()
        return asyncio.create_task(self._loop(), name=self.name)

    async def stop(self, task: asyncio.Task[None], *, grace_s: float) -> None:
        """Ends the loop: the current unit may finish within the grace, then it is cancelled."""
        self._stopping.set()
        self._woken.set()
        try:
            finished, _ = await asyncio.wait([task], timeout=grace_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not finished:
            log.warning("background_unit_cancelled", task=self.name, grace_s=grace_s)
            task.cancel()
            await asyncio.wait([task], timeout=_CANCEL_PATIENCE_S)

    async def _loop(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                more = await self.run_once()
            except Exception as error:  # noqa: BLE001  # whatever a unit fails by, the loop goes on
                failures += 1
                await self._back_off(failures, error)
            else:
                failures = 0
                await self._wait(self._woken, 0.0 if more else self.interval_s)

    async def _back_off(self, failures: int, error: Exception) -> None:
        ceiling = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** min(failures, 16))
        delay = _jitter.uniform(ceiling / 2, ceiling)
        log.warning(
            "background_unit_failed",
            task=self.name,
            failures=failures,
            error=repr(error),
            retry_in_s=round(delay, 2),
            # A traceback of an absence, or the same one again, would only bury the rest.
            exc_info=failures == 1 and not is_away(error),
        )
        await self._wait(self._stopping, delay)

    async def _wait(self, event: asyncio.Event, seconds: float) -> None:
        # asyncio.timeout(0) would not let other tasks run before it ends the wait.
        await asyncio.sleep(0)
        if self._stopping.is_set() or seconds <= 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()


class BackgroundServices:
    """All background services of one app: started together, stopped together, in bounded time."""

    def __init__(self, services: Sequence[BackgroundService], *, grace_s: float = grace.UNITS_S) -> None:
        self._services = services
        self._grace_s = grace_s

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs them for the length of the block; leaving it takes the grace and a little more at most."""
        tasks = [service.start() for service in self._services]
        try:
            yield
        finally:
            await asyncio.gather(
                *(
                    service.stop(task, grace_s=self._grace_s)
                    for service, task in zip(self._services, tasks, strict=True)
                )
            )
