"""A way from tools that bring their own event loop to an app that lives on the tests' loop."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LoopBridge:
    """Stands for an app of another loop: may be called on any loop and in any thread."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise LookupError("the app was started on its own loop")
        answered = asyncio.run_coroutine_threadsafe(
            self._answered(scope, await _body_of(receive)), self._loop
        )
        for message in await asyncio.wrap_future(answered):
            await send(message)

    async def _answered(self, scope: Scope, body: bytes) -> list[Message]:
        messages: list[Message] = []
        asked: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if not asked:
                await asyncio.Event().wait()  # nobody hangs up
            return asked.pop()

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        return messages


async def _body_of(receive: Receive) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
