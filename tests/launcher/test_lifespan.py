"""A lifespan is entered and left once, raises what the app raised, and leaves no task behind."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from services.launcher.lifespan import Lifespan, LifespanFailed, lifespans


class NoDatabase(Exception):
    """What an app may meet while it starts or stops."""


def app_that(*, starts: bool = True, stops: bool = True, said: list[str] | None = None) -> Starlette:
    said = [] if said is None else said

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        said.append("start")
        if not starts:
            raise NoDatabase
        yield
        said.append("stop")
        if not stops:
            raise NoDatabase

    return Starlette(lifespan=lifespan)


async def test_it_is_entered_and_left_once() -> None:
    said: list[str] = []
    async with Lifespan(app_that(said=said)):
        assert said == ["start"]
    assert said == ["start", "stop"]


async def test_what_the_app_raises_at_its_start_is_raised() -> None:
    with pytest.raises(NoDatabase):
        async with Lifespan(app_that(starts=False)):
            pytest.fail("it did not start")


async def test_what_the_app_raises_at_its_end_is_raised() -> None:
    with pytest.raises(NoDatabase):
        async with Lifespan(app_that(stops=False)):
            pass


async def test_an_app_that_only_says_that_it_failed() -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no disk"})

    with pytest.raises(LifespanFailed, match="startup: no disk"):
        async with Lifespan(app):
            pytest.fail("it did not start")


async def test_an_app_that_ends_without_a_word() -> None:
    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()

    with pytest.raises(LifespanFailed, match="without a word"):
        async with Lifespan(app):
            pytest.fail("it did not start")


async def test_cancelled_while_it_starts_it_leaves_nothing_behind() -> None:
    starting, ended = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        starting.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        yield

    async def enter() -> None:
        async with Lifespan(Starlette(lifespan=lifespan)):
            pytest.fail("it did not start")

    entering = asyncio.create_task(enter())
    await asyncio.wait_for(starting.wait(), 5)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert ended.is_set()


async def test_the_app_sees_no_context_of_the_launcher() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")
    variable.set("the launcher's")
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        seen.append(variable.get())
        yield

    async with Lifespan(Starlette(lifespan=lifespan)):
        pass
    assert seen == ["nothing"]


async def test_several_are_entered_in_order_and_left_all_at_once() -> None:
    said: list[str] = []
    all_stopping = asyncio.Barrier(2)

    def app(name: str) -> Starlette:
        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            said.append(name)
            yield
            await all_stopping.wait()

        return Starlette(lifespan=lifespan)

    async with asyncio.timeout(10), lifespans([app("one"), app("two")]):
        assert said == ["one", "two"]


async def test_one_that_fails_at_its_end_keeps_no_other_from_ending() -> None:
    said: list[str] = []
    with pytest.raises(NoDatabase):
        async with lifespans([app_that(said=said), app_that(stops=False), app_that(said=said)]):
            pass
    assert said == ["start", "start", "stop", "stop"]


async def test_one_that_does_not_start_ends_those_that_have() -> None:
    said: list[str] = []
    with pytest.raises(NoDatabase):
        async with lifespans([app_that(said=said), app_that(starts=False)]):
            pytest.fail("it did not start")
    assert said == ["start", "stop"]
