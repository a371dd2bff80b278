"""Several servers in one process start together, stop together, and never half."""

import asyncio
import socket

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.launcher.errors import CannotStart
from services.launcher.serving import Address, bound, serving


def app_saying(text: str, *, after_s: float = 0.0) -> Starlette:
    async def say(_request: Request) -> PlainTextResponse:
        await asyncio.sleep(after_s)
        return PlainTextResponse(text)

    return Starlette(routes=[Route("/", say)])


def port_of(opened: socket.socket) -> int:
    port: int = opened.getsockname()[1]
    return port


async def test_each_app_is_served_on_its_own_socket() -> None:
    with bound([Address("127.0.0.1", 0)] * 3) as sockets:
        apps = [(app_saying(str(number)), opened) for number, opened in enumerate(sockets)]
        async with serving(apps), httpx2.AsyncClient(trust_env=False) as client:
            said = [(await client.get(f"http://127.0.0.1:{port_of(each)}/")).text for each in sockets]
    assert said == ["0", "1", "2"]


async def test_what_is_in_flight_is_answered_before_the_end() -> None:
    with bound([Address("127.0.0.1", 0)]) as (opened,):
        async with httpx2.AsyncClient(trust_env=False) as client:
            async with serving([(app_saying("done", after_s=0.3), opened)]):
                call = asyncio.create_task(client.get(f"http://127.0.0.1:{port_of(opened)}/"))
                await asyncio.sleep(0.1)
            assert (await call).text == "done"


def test_a_busy_port_is_named_and_nothing_stays_bound() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = port_of(taken)
        with pytest.raises(CannotStart, match=str(busy)), bound([Address("127.0.0.1", busy)]):
            pass
