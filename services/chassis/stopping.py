"""Word of the server's stop, for answers that would go on: a stream ends then, before it is cut off."""

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

_KEY = "server"


class Stoppable:
    """An app as one server serves it: each request is told of the server's stop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.is_stopping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "state": {**scope.get("state", {}), _KEY: self}}, receive, send)


def is_stopping(request: Request) -> bool:
    """Whether the server of this request takes no more and waits for what is in flight."""
    server: Stoppable | None = getattr(request.state, _KEY, None)
    return server is not None and server.is_stopping
