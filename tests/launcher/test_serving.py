"""Several servers in one process start together, stop together, and never half."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from services.chassis.stopping import is_stopping
from services.launcher.errors import CannotStart
from services.launcher.ports import free_port, is_free
from services.launcher.serving import Address, bound, serving, spare_what_started

ANY_PORT = Address("127.0.0.1", 0)


def app_saying(text: str) -> Starlette:
    async def say(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(text)

    return Starlette(routes=[Route("/", say)])


class SlowApp:
    """An app whose answer waits until it is allowed."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.allowed = asyncio.Event()
        self.app = Starlette(routes=[Route("/", self._say)])

    async def _say(self, _request: Request) -> PlainTextResponse:
        self.asked.set()
        await self.allowed.wait()
        return PlainTextResponse("done")


def url_of(opened: socket.socket) -> str:
    return f"http://127.0.0.1:{opened.getsockname()[1]}/"


async def test_each_app_is_served_on_its_own_socket() -> None:
    with bound([ANY_PORT] * 3) as sockets:
        apps = [(app_saying(str(number)), opened) for number, opened in enumerate(sockets)]
        async with serving(apps), httpx2.AsyncClient(trust_env=False) as client:
            said = [(await client.get(url_of(opened))).text for opened in sockets]
    assert said == ["0", "1", "2"]


async def test_what_is_in_flight_is_answered_before_the_end() -> None:
    slow = SlowApp()
    with bound([ANY_PORT] * 2) as (first, second):
        url = url_of(first)
        async with httpx2.AsyncClient(trust_env=False) as client:
            async with serving([(slow.app, first), (app_saying("other"), second)]):
                call = asyncio.create_task(client.get(url))
                await asyncio.wait_for(slow.asked.wait(), 5)
                # The servers are asked to stop before the app may answer.
                asyncio.get_running_loop().call_later(0.05, slow.allowed.set)
            assert (await call).text == "done"
            with pytest.raises(httpx2.ConnectError):
                await client.get(url)


async def test_an_answer_that_goes_on_is_told_to_end() -> None:
    """A stream ends as it wants to, and its client gets it whole, long before it would be cut off."""

    async def words(request: Request) -> AsyncIterator[str]:
        yield "begun, "
        while not is_stopping(request):  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.01)
        yield "ended"

    async def stream(request: Request) -> StreamingResponse:
        return StreamingResponse(words(request))

    async with httpx2.AsyncClient(trust_env=False) as client, AsyncExitStack() as streams:
        with bound([ANY_PORT]) as [opened]:
            async with serving([(Starlette(routes=[Route("/", stream)]), opened)]):
                answer = await streams.enter_async_context(client.stream("GET", url_of(opened)))
                texts = answer.aiter_text()
                assert await anext(texts) == "begun, "
            assert [text async for text in texts] == ["ended"]


async def test_who_connects_before_the_start_is_answered_after_it() -> None:
    with bound([ANY_PORT]) as (opened,):
        reader, writer = await asyncio.open_connection(*opened.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        async with serving([(app_saying("here"), opened)]):
            answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_port_that_another_has_bound_is_named_before_anything_starts() -> None:
    port = free_port()
    with (
        bound([Address("127.0.0.1", port)]),
        pytest.raises(CannotStart, match=f"Port {port} cannot be used") as refusal,
        bound([Address("127.0.0.1", port)]),
    ):
        pytest.fail("two may not have one port")
    assert "\n" not in str(refusal.value)


def test_where_one_port_is_taken_none_stays_bound() -> None:
    ports = [free_port(), free_port()]
    with (
        bound([Address("127.0.0.1", ports[1])]),
        pytest.raises(CannotStart),
        bound([Address("127.0.0.1", port) for port in ports]),
    ):
        pytest.fail("the second port is taken")
    assert all(is_free(port) for port in ports)


def test_a_number_that_is_no_port_is_named() -> None:
    with pytest.raises(CannotStart, match="Port 70000"), bound([Address("127.0.0.1", 70000)]):
        pytest.fail("there is no such port")


def test_what_started_is_not_gone_through_again() -> None:
    before: list[list[int]] = [[]]
    try:
        spare_what_started()
        after: list[list[int]] = [[]]
        collected = {id(each) for each in gc.get_objects()}
        assert id(after) in collected
        assert id(before) not in collected
    finally:
        gc.unfreeze()
