"""An app's lifespan, entered by the launcher: an app served on two ports still starts and stops once."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from starlette.types import ASGIApp, Message


class LifespanFailed(Exception):
    """An app said that it failed, or ended without a word, and raised nothing that says why."""


class Lifespan:
    """Drives the ASGI lifespan protocol of one app, in a task and context of its own.

    Entering returns when the app has started, leaving when it has closed everything; both raise what the app
    raised. Whoever is cancelled while entering leaves nothing behind: the app's start is cancelled too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run(), context=contextvars.Context())
        try:
            await self._phase("startup", self._running)
        except BaseException:
            await _end(self._running)
            raise
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            await self._phase("shutdown", self._running)
            await self._running

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        await self._app(scope, self._to_app.get, self._from_app.put)

    async def _phase(self, phase: str, app: asyncio.Task[None]) -> None:
        """Asks for a phase and waits until it is complete, or the app has failed."""
        await self._to_app.put({"type": f"lifespan.{phase}"})
        answer = asyncio.create_task(self._from_app.get())
        try:
            await asyncio.wait([answer, app], return_when=asyncio.FIRST_COMPLETED)
            said = answer.result() if answer.done() else {"type": "", "message": "It ended without a word."}
        finally:
            answer.cancel()
        if said["type"] == f"lifespan.{phase}.complete":
            return
        await _end(app)
        if not app.cancelled():
            app.result()  # raises what the app raised, which says more than its message
        raise LifespanFailed(f"{phase}: {said.get('message', '')}")


@asynccontextmanager
async def lifespans(apps: Iterable[ASGIApp]) -> AsyncIterator[None]:
    """The lifespans of several apps: entered one after the other, left all at once, as none may wait for
    another's end. What one of them raises then is raised when all have ended."""
    entered: list[Lifespan] = []
    try:
        for app in apps:
            lifespan = Lifespan(app)
            await lifespan.__aenter__()
            entered.append(lifespan)
        yield
    finally:
        leaving = (each.__aexit__(None, None, None) for each in entered)
        for outcome in await asyncio.gather(*leaving, return_exceptions=True):
            if outcome is not None:
                raise outcome


async def _end(app: asyncio.Task[None]) -> None:
    app.cancel()
    await asyncio.wait([app])
