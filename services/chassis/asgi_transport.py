"""The transport to an app in the same process, isolated as if there were a network between."""

import asyncio
import contextvars

import httpx2
from starlette.types import ASGIApp


class IsolatedASGITransport(httpx2.AsyncBaseTransport):
    """Calls an ASGI app in a task and context of its own: no context variable leaks in or out.

    What the app raises is answered with 500, as a server would. A caller that is cancelled (its deadline has
    passed) cancels the app's work, and goes on when that has ended.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._inner = httpx2.ASGITransport(app, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await asyncio.create_task(
            self._inner.handle_async_request(request),
            name=f"{request.method} {request.url.host}",
            context=contextvars.Context(),
        )
