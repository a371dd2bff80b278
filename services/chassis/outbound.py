"""The guarded HTTP client: the only one that calls addresses which tenants give.

The address that is checked is the address that is connected to: each connection resolves the name once,
checks every answer, and connects to a checked one, so that no later answer of a name server leads elsewhere.
Redirects are not followed, proxies of the environment are not used, time and size are bounded.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpcore2

from services.chassis.outbound_policy import (
    IPAddress,
    OutboundRefused,
    Target,
    check_address,
    ip_address_of,
    parse_target,
)

_TOTAL_S = 10.0
_CONNECT_S = 5.0
_LARGEST_ANSWER = 1024 * 1024
_MOST_CONNECTIONS = 50
_LOOPBACK = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
_FAULTS = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError)

__all__ = ["GuardedClient", "OutboundAnswer", "OutboundFailed", "OutboundRefused", "resolve_by_system"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class OutboundFailed(Exception):
    """The address was called and gave no usable answer: no connection, none in time, or one too large."""


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """What the address answered. A redirect is an answer like any other: it is not followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004  # the class of success


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system's resolver tells them."""
    answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class GuardedClient:
    """Calls http and https addresses on the public Internet.

    `allow_private_networks` also lets receivers on loopback and private networks be called: for development.
    """

    def __init__(
        self,
        *,
        allow_private_networks: bool = False,
        total_s: float = _TOTAL_S,
        largest_answer: int = _LARGEST_ANSWER,
        resolve: Resolve = resolve_by_system,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._total_s = total_s
        self._largest_answer = largest_answer
        self._network = _GuardedNetwork(resolve, allow_private=allow_private_networks)
        self._ssl_context = ssl_context
        self._pool: httpcore2.AsyncConnectionPool | None = None

    async def check(self, url: str) -> None:
        """Returns if the address would be called as things are now: for the tenant who enters it.

        Raises OutboundRefused, or OutboundFailed if its name is not found. `request` checks again.
        """
        target = parse_target(url)
        async with _bounded(self._total_s):
            await self._network.checked(target.host, target.port)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> OutboundAnswer:
        """Calls the address and reads its whole answer.

        Raises:
            OutboundRefused: it is not an address that we call; nothing was sent.
            OutboundFailed: no connection, no answer in time, or one that is too large.
        """
        target = parse_target(url)
        pool = await self._connections()
        call = pool.stream(
            method,
            httpcore2.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode(),
            ),
            headers=_headers(target, headers or {}),
            content=content,
            extensions={"timeout": {"connect": _CONNECT_S}},
        )
        async with _bounded(self._total_s), call as response:
            return OutboundAnswer(
                status=response.status,
                headers={_text(name).lower(): _text(value) for name, value in response.headers},
                body=await self._read(response),
            )

    async def close(self) -> None:
        """Gives back the connections."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _connections(self) -> httpcore2.AsyncConnectionPool:
        if self._ssl_context is None:  # reads the system's certificates from disk
            self._ssl_context = await asyncio.to_thread(httpcore2.default_ssl_context)
        if self._pool is None:
            self._pool = httpcore2.AsyncConnectionPool(
                ssl_context=self._ssl_context,
                max_connections=_MOST_CONNECTIONS,
                max_keepalive_connections=0,  # each call connects, and is checked, anew
                network_backend=self._network,
            )
        return self._pool

    async def _read(self, response: httpcore2.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > self._largest_answer:
                raise OutboundFailed(f"The answer is larger than {self._largest_answer} bytes.")
        return bytes(body)


class _GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Opens connections to checked addresses only: a name is resolved, checked and connected to in one go."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the backend's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = OutboundFailed(f"{host} has no address.")
        for address in await self.checked(host, port):
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def checked(self, host: str, port: int) -> Sequence[IPAddress]:
        """All addresses of a host, each of them one that we call; OutboundRefused if any is not."""
        addresses = await self._addresses(host, port)
        for address in addresses:
            check_address(address, allow_private=self._allow_private)
        return addresses

    async def _addresses(self, host: str, port: int) -> Sequence[IPAddress]:
        literal = ip_address_of(host)
        if literal is not None:
            return [literal]
        if host == "localhost" or host.endswith(".localhost"):
            return _LOOPBACK  # by RFC 6761, whatever a name server says
        try:
            answers = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise OutboundFailed(f"{host} is not found.") from error
        addresses = [address for answer in answers if (address := ip_address_of(answer)) is not None]
        if not addresses or len(addresses) < len(answers):
            raise OutboundRefused(f"{host} has no address, or one that cannot be checked.")
        return addresses


@asynccontextmanager
async def _bounded(seconds: float) -> AsyncIterator[None]:
    """Ends the block in time, and turns the network's faults into ours."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise OutboundFailed(f"No answer within {seconds:g} s.") from error
    except _FAULTS as error:
        raise OutboundFailed(f"No answer: {type(error).__name__}.") from error


def _headers(target: Target, given: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    # Uncompressed: the bound on the size is a bound on the memory.
    headers = {"accept-encoding": "identity", **{name.lower(): value for name, value in given.items()}}
    headers["host"] = target.authority
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]


def _text(value: bytes) -> str:
    return value.decode("latin-1")
