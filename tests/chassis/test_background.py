import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import exc as sql
from structlog.testing import capture_logs

from services.chassis import background
from services.chassis.background import BackgroundService, BackgroundServices

HOURS = 3600.0


class Scripted(BackgroundService):
    """Counts its units; the n-th does what the script says, if it says anything."""

    name = "scripted"

    def __init__(self, *script: Callable[[], Awaitable[bool | None]], interval_s: float = HOURS) -> None:
        self.interval_s = interval_s
        self.script = script
        self.units = 0
        self.did = asyncio.Condition()

    async def run_once(self) -> bool | None:
        self.units += 1
        async with self.did:
            self.did.notify_all()
        return await self.script[self.units - 1]() if self.units <= len(self.script) else None

    async def reached(self, units: int) -> None:
        async with asyncio.timeout(10), self.did:
            await self.did.wait_for(lambda: self.units >= units)


async def fail() -> None:
    raise RuntimeError("a unit fails")


async def more() -> bool:
    return True


async def test_units_follow_by_interval() -> None:
    service = Scripted(interval_s=0.001)
    async with service.running():
        await service.reached(3)


async def test_a_unit_that_left_work_is_followed_at_once() -> None:
    service = Scripted(more, more)
    async with service.running():
        await service.reached(3)


async def test_a_hint_ends_the_wait_even_if_it_comes_during_a_unit() -> None:
    service = Scripted()

    async def hinted() -> None:
        service.wake()

    service.script = (hinted,)
    async with service.running():
        await service.reached(2)
        service.wake()
        await service.reached(3)


async def test_an_error_is_not_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_FIRST_BACKOFF_S", 0.0001)
    service = Scripted(fail, fail, more)
    async with service.running():
        await service.reached(4)


@pytest.mark.parametrize(
    ("error", "told"),
    [(RuntimeError("a fault"), [True, False]), (sql.TimeoutError("no room"), [False, False])],
)
async def test_a_fault_is_logged_with_its_traceback_once_and_an_absent_database_without(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: list[bool]
) -> None:
    async def fails() -> None:
        raise error

    monkeypatch.setattr(background, "_FIRST_BACKOFF_S", 0.0001)
    service = Scripted(fails, fails)
    with capture_logs() as lines:
        async with service.running():
            await service.reached(3)
    assert [line["exc_info"] for line in lines if line["event"] == "background_unit_failed"] == told


async def test_a_hint_does_not_shorten_the_back_off() -> None:
    service = Scripted(fail)
    async with service.running():
        await service.reached(1)
        service.wake()
        for _ in range(10):
            await asyncio.sleep(0)
        assert service.units == 1


async def test_stopping_lets_the_current_unit_finish() -> None:
    finished = False
    release = asyncio.Event()

    async def slow() -> None:
        nonlocal finished
        await release.wait()
        finished = True

    service = Scripted(slow)
    async with service.running():
        await service.reached(1)
        asyncio.get_running_loop().call_soon(release.set)
    assert finished
    assert service.units == 1


async def test_a_unit_that_outlives_the_grace_is_cancelled() -> None:
    cancelled = False

    async def endless() -> None:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    service = Scripted(endless)
    async with service.running(grace_s=0.01):
        await service.reached(1)
    assert cancelled


async def test_all_are_started_and_stopped_together_and_may_start_again() -> None:
    services = [Scripted(), Scripted(fail), Scripted(more)]
    for round_ in (1, 2):
        async with BackgroundServices(services).running():
            for service in services:
                await service.reached(round_)
    left = [task for task in asyncio.all_tasks() if task.get_name() == "scripted"]
    assert left == []
