import asyncio
import contextvars

import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send

from services.chassis.asgi_transport import IsolatedASGITransport

secret: contextvars.ContextVar[str] = contextvars.ContextVar("secret", default="nothing")


async def answer(send: Send, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def client(app: object) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=IsolatedASGITransport(app), base_url="http://peer")  # type: ignore[arg-type]  # any callable


async def test_no_context_variable_leaks_in_or_out() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        seen = secret.get()
        secret.set("the callee's")
        await answer(send, seen.encode())

    token = secret.set("the caller's")
    try:
        async with client(app) as http:
            assert (await http.get("/")).text == "nothing"
            assert secret.get() == "the caller's"
            assert (await http.get("/")).text == "nothing", "nor from one call to the next"
    finally:
        secret.reset(token)


async def test_what_the_app_raises_is_answered_as_a_server_would() -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("a fault of the app")

    async with client(app) as http:
        assert (await http.get("/")).status_code == 500


async def test_a_caller_that_is_cancelled_ends_the_work() -> None:
    began = asyncio.Event()
    ended = False

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        nonlocal ended
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended = True

    async with client(app) as http:
        call = asyncio.create_task(http.get("/"))
        await began.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert ended


async def test_bodies_arrive_whole() -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message: Message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await answer(send, body[::-1])

    async with client(app) as http:
        assert (await http.post("/", content=b"abc" * 1000)).content == b"cba" * 1000
