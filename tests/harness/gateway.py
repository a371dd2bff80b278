"""Kong's double: the dispatcher before services that are reached over HTTP, by Kong's own file.

It routes, forwards and refuses internal tokens as Kong does; it checks no signature and limits nobody.
"""

import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import httpx2
from starlette.background import BackgroundTask
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from services.chassis.plain_http import no_tls
from services.chassis.registry import Address
from services.launcher.dispatcher import Dispatcher
from services.launcher.routes import gateway_routes
from tests.chassis.http_server import serving

# Between two neighbours alone (RFC 9110, 7.6.1), and what the next one says for itself.
_NOT_FORWARDED = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
        *("transfer-encoding", "upgrade", "host", "content-length"),
    }
)
_NOT_PASSED_BACK = _NOT_FORWARDED - {"content-length"} | {"date", "server"}
_TIMEOUT_S = 60.0


Replicas = Callable[[], Awaitable[Sequence[Address]]]


class Upstream:
    """One service behind the gateway, as an ASGI app: its replicas in turn.

    Where nobody takes the connection, nothing was sent yet: the next replica is asked.
    """

    def __init__(self, client: httpx2.AsyncClient, replicas: Replicas) -> None:
        self._client = client
        self._replicas = replicas
        self._turn = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._forwarded(Request(scope, receive))
        await answer(scope, receive, send)

    async def _forwarded(self, request: Request) -> Response:
        replicas = await self._replicas()
        if not replicas:
            return _away(request, 503)
        body = await request.body()
        turn = next(self._turn)
        nobody = 502
        for attempt in range(len(replicas)):
            address = replicas[(turn + attempt) % len(replicas)]
            try:
                answer = await self._client.send(self._request(request, address, body), stream=True)
            except httpx2.ConnectError:
                continue
            except httpx2.ConnectTimeout:
                nobody = 503
                continue
            except httpx2.TimeoutException:
                return _away(request, 504)
            except httpx2.TransportError:
                return _away(request, 502)
            return _passed_back(answer)
        return _away(request, nobody)

    def _request(self, request: Request, address: Address, body: bytes) -> httpx2.Request:
        path, query = request.scope["raw_path"].decode(), request.url.query
        return self._client.build_request(
            request.method,
            f"{address.url}{path}{'?' if query else ''}{query}",
            headers=_kept(request.headers, _NOT_FORWARDED) | _told_by_the_gateway(request),
            content=body,
        )


_AWAY = {502: "bad_gateway", 503: "unavailable", 504: "gateway_timeout"}


def _away(request: Request, status: int) -> Response:
    title = HTTPStatus(status).phrase
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": title,
        "instance": request.url.path,
        "code": _AWAY[status],
        "request_id": request.headers.get("x-request-id", ""),
    }
    return JSONResponse(body, status, media_type="application/problem+json")


def _passed_back(answer: httpx2.Response) -> Response:
    back = StreamingResponse(answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose))
    back.raw_headers = [
        (name.lower(), value)
        for name, value in answer.headers.raw
        if name.decode().lower() not in _NOT_PASSED_BACK
    ]
    return back


def _kept(headers: Headers, dropped: frozenset[str]) -> MutableHeaders:
    return MutableHeaders(raw=[(name, value) for name, value in headers.raw if name.decode() not in dropped])


def _told_by_the_gateway(request: Request) -> dict[str, str]:
    return {
        "X-Forwarded-For": request.client.host if request.client else "",
        "X-Forwarded-Proto": request.url.scheme,
        "X-Forwarded-Host": request.url.hostname or "",
        "X-Forwarded-Port": str(request.url.port or 80),
    }


def _fixed(address: Address) -> Replicas:
    async def replicas() -> Sequence[Address]:
        return [address]

    return replicas


async def _no_route(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"message": "no Route matched with those values"}, 404)(scope, receive, send)


@contextlib.asynccontextmanager
async def serving_gateway(upstreams: Mapping[str, Address]) -> AsyncIterator[Address]:
    """The gateway on a free port, before these services by host name, for the length of the block."""
    async with httpx2.AsyncClient(verify=no_tls(), trust_env=False, timeout=_TIMEOUT_S) as client:
        apps = {name: Upstream(client, _fixed(address)) for name, address in upstreams.items()}
        async with serving(Dispatcher(apps, gateway_routes(), _no_route)) as address:
            yield address
