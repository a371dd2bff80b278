import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpcore2
import pytest
import yaml
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from services.chassis.outbound import GuardedClient, OutboundFailed, OutboundRefused
from services.chassis.registry import Address
from tests.chassis.http_server import serving
from tests.chassis.tls import self_signed

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "golden" / "ssrf.yaml").read_text("utf-8")
)["cases"]


class NoNetwork(httpcore2.AsyncMockBackend):
    """Answers every connection with the same text, and notes where each would have gone."""

    def __init__(self, answer: bytes) -> None:
        super().__init__([answer])
        self.connected: list[str] = []

    async def connect_tcp(self, host: str, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        self.connected.append(host)
        return await super().connect_tcp(host, *args, **kwargs)


def names(case: Mapping[str, Any]) -> Callable[[str, int], Any]:
    """The resolver that a case describes; a name that it does not tell is not to be asked for."""
    sequences = {name: iter(answers) for name, answers in case.get("dns_sequence", {}).items()}

    async def resolve(host: str, _port: int) -> Sequence[str]:
        answers: Sequence[str] = next(sequences[host]) if host in sequences else case["dns"][host]
        return answers

    return resolve


def guarded(case: Mapping[str, Any], answer: bytes) -> tuple[GuardedClient, NoNetwork]:
    client = GuardedClient(resolve=names(case))
    network = NoNetwork(answer)
    client._network._network = network  # type: ignore[assignment]  # nothing here is to be contacted
    return client, network


def ok() -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if not {"dns_sequence", "redirects_to"} & set(case)],
    ids=lambda case: case["id"],
)
async def test_golden_targets(case: dict[str, Any]) -> None:
    client, network = guarded(case, ok())
    if case["expect"] == "allow":
        answer = await client.request("POST", case["url"], content=b"{}")
        assert answer.body == b"ok"
        await client.check(case["url"])
        assert len(network.connected) == 1
    else:
        with pytest.raises(OutboundRefused):
            await client.request("POST", case["url"], content=b"{}")
        with pytest.raises(OutboundRefused):
            await client.check(case["url"])
        assert network.connected == []
    await client.close()


async def test_golden_rebinding_connects_only_to_what_was_checked() -> None:
    case = next(case for case in CASES if case["id"] == "rebinding")
    client, network = guarded(case, ok())
    assert (await client.request("GET", case["url"])).succeeded
    assert network.connected == ["93.184.215.14"]
    with pytest.raises(OutboundRefused):
        await client.request("GET", case["url"])
    assert network.connected == ["93.184.215.14"]
    await client.close()


async def test_golden_redirects_are_not_followed() -> None:
    case = next(case for case in CASES if "redirects_to" in case)
    location = case["redirects_to"].encode()
    client, network = guarded(
        case, b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    )
    answer = await client.request("GET", case["url"])
    assert (answer.status, answer.succeeded) == (302, False)
    assert len(network.connected) == 1
    await client.close()


class Receiver:
    """A real receiver of calls."""

    def __init__(self) -> None:
        self.answer: Response = PlainTextResponse("thanks", headers={"X-One": "1"})
        self.asked: list[tuple[Request, bytes]] = []
        self.silent = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked.append((request, await request.body()))
        if self.silent:
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await self.answer(scope, receive, send)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def address(receiver: Receiver) -> AsyncIterator[Address]:
    async with serving(receiver) as address:
        yield address


async def test_a_receiver_on_this_machine_is_called_only_if_that_is_allowed(
    receiver: Receiver, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    url = f"http://localhost:{address.port}/hook?a=1"
    guarded_client = GuardedClient()
    with pytest.raises(OutboundRefused):
        await guarded_client.request("POST", url, content=b"{}")
    assert receiver.asked == []
    developers = GuardedClient(allow_private_networks=True)
    answer = await developers.request(
        "POST", url, headers={"Webhook-Id": "1", "Host": "other"}, content=b"{}"
    )
    assert (answer.status, answer.body, answer.headers["x-one"]) == (200, b"thanks", "1")
    request, body = receiver.asked[0]
    assert (body, request.url.path, request.url.query) == (b"{}", "/hook", "a=1")
    assert request.headers["host"] == f"localhost:{address.port}"
    assert request.headers["webhook-id"] == "1"
    await guarded_client.close()
    await developers.close()


async def test_an_answer_that_is_too_large_is_no_answer(receiver: Receiver, address: Address) -> None:
    receiver.answer = PlainTextResponse("x" * 5000)
    client = GuardedClient(allow_private_networks=True, largest_answer=4999)
    with pytest.raises(OutboundFailed, match="larger than 4999"):
        await client.request("GET", address.url)
    receiver.answer = PlainTextResponse("x" * 4999)
    assert len((await client.request("GET", address.url)).body) == 4999
    await client.close()


async def test_an_answer_that_does_not_come_is_not_waited_for(receiver: Receiver, address: Address) -> None:
    receiver.silent = True
    client = GuardedClient(allow_private_networks=True, total_s=0.05)
    with pytest.raises(OutboundFailed, match="within"):
        await client.request("GET", address.url)
    await client.close()


async def test_nobody_there_and_a_name_that_is_not_found_are_failures(receiver: Receiver) -> None:
    async with serving(receiver) as gone:
        pass

    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    client = GuardedClient(allow_private_networks=True, resolve=nowhere)
    with pytest.raises(OutboundFailed):
        await client.request("GET", gone.url)
    with pytest.raises(OutboundFailed, match="not found"):
        await client.check("https://hooks.example.net/")
    await client.close()


@contextmanager
def tls(folder: Path, name: str) -> Iterator[tuple[ssl.SSLContext, ssl.SSLContext]]:
    certificate, key = self_signed(folder, name)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    yield server, ssl.create_default_context(cafile=str(certificate))


async def test_certificates_are_checked_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    async def say_ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok())
        await writer.drain()
        writer.close()

    async def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    with tls(tmp_path, "hooks.example.net") as (server_side, client_side):
        server = await asyncio.start_server(say_ok, "127.0.0.1", 0, ssl=server_side)
        port = server.sockets[0].getsockname()[1]
        client = GuardedClient(allow_private_networks=True, resolve=here, ssl_context=client_side)
        async with server:
            assert (await client.request("GET", f"https://hooks.example.net:{port}/")).body == b"ok"
            with pytest.raises(OutboundFailed):
                await client.request("GET", f"https://other.example.net:{port}/")
        await client.close()
