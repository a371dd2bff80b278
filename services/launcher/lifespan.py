"""An app's lifespan, entered by the launcher: an app served on two ports still starts and stops once."""

import asyncio
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp, Message


class StartupFailed(Exception):
    """An app did not start; the message is what it said."""


class Lifespan:
    """Drives the ASGI lifespan protocol of one app, in a task and context of its own.

    Entering returns when the app has started; leaving returns when it has closed everything.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._task = asyncio.create_task(self._run(scope))
        await self._exchange("startup")
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._exchange("shutdown")
        if self._task is not None:
            await self._task

    async def _run(self, scope: dict[str, Any]) -> None:
        await self._app(scope, self._to_app.get, self._from_app.put)

    async def _exchange(self, phase: str) -> None:
        """Asks for a phase and waits for its end, or for the end of the app, whichever comes first."""
        if self._task is None:
            return
        await self._to_app.put({"type": f"lifespan.{phase}"})
        answer = asyncio.create_task(self._from_app.get())
        try:
            await asyncio.wait([answer, self._task], return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                await self._task
                raise StartupFailed("The app ended without a word.")
            message = answer.result()
        finally:
            answer.cancel()
        if message["type"] != f"lifespan.{phase}.complete":
            raise StartupFailed(message.get("message") or f"{phase} failed")
