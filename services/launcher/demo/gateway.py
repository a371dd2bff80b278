"""The demo's REST client: people of one tenant, each with a token, who expect their requests to succeed.

A request that the platform did not answer, because it is being restarted, is sent again: a POST under the
same idempotency key, a PUT on the revision that stands by then. So the story survives what it stands on.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx2

from services.chassis.plain_http import no_tls
from services.chassis.tokens import mint_development_token
from services.launcher.errors import CannotStart

_REQUEST_S = 60.0
_PATIENCE_S = 90.0
_POLL_S = 0.05
_AWAY = frozenset({502, 503, 504})
_STILL_AT_WORK = "idempotency_key_in_flight"

T = TypeVar("T")


class DemoFailed(CannotStart):
    """The platform answered what the story did not expect."""


class _NotAnswered(Exception):
    """Nobody knows whether the request was heard."""


class Person:
    """Somebody with a token, calling the gateway."""

    def __init__(self, gateway: "Gateway", sub: str, token: str) -> None:
        self._gateway = gateway
        self.headers = {"Authorization": f"Bearer {token}"}
        self.sub = sub

    async def get(self, path: str, **query: str) -> Any:
        """What stands at a path. Raises DemoFailed."""
        return await self._insist(lambda: self._send("GET", path, params=query))

    async def all(self, path: str, **query: str) -> list[Any]:
        """Every item of a list, over all its pages. Raises DemoFailed."""
        page = await self.get(path, **query)
        items = list(page["items"])
        while page.get("next"):
            page = await self.get(path, **query, cursor=page["next"])
            items += page["items"]
        return items

    async def post(self, path: str, body: Any = None, *, revision: int | None = None) -> Any:
        """The answer to a POST; `revision` is the one that was read. Raises DemoFailed."""
        sent = {"Idempotency-Key": str(uuid4()), **_if_match(revision)}
        return await self._insist(lambda: self._send("POST", path, json=body, headers=sent))

    async def upload(self, path: str, content: str, media_type: str) -> Any:
        """The answer to a POST of a file. Raises DemoFailed."""
        sent = {"Idempotency-Key": str(uuid4()), "Content-Type": media_type}
        return await self._insist(lambda: self._send("POST", path, content=content, headers=sent))

    async def put(self, path: str, body: Any, *, of: str | None = None) -> Any:
        """The answer to a PUT on the revision that stands, at `of` if not at the path. Raises DemoFailed."""

        async def replace() -> Any:
            now = await self._send("GET", of or path)
            return await self._send("PUT", path, json=body, headers=_if_match(now["revision"]))

        return await self._insist(replace)

    async def delete(self, path: str, *, revision: int) -> None:
        """Deletes what was read as this revision. Raises DemoFailed."""
        await self._insist(lambda: self._send("DELETE", path, headers=_if_match(revision)))

    async def _insist(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return await ask()
            except _NotAnswered as reason:
                if time.monotonic() > deadline:
                    raise DemoFailed(f"The platform does not answer: {reason}") from None
            await asyncio.sleep(_POLL_S)

    async def _send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **rest: Any
    ) -> Any:
        answer = await self._gateway.send(method, path, headers={**self.headers, **(headers or {})}, **rest)
        if not answer.is_error:
            return answer.json() if answer.content else None
        problem = _problem_of(answer)
        told = f"{method} {path} was answered {answer.status_code}: {problem['detail']}"
        if answer.status_code in _AWAY or problem.get("code") == _STILL_AT_WORK:
            raise _NotAnswered(told)
        raise DemoFailed(told)


def _if_match(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}


def _problem_of(answer: httpx2.Response) -> dict[str, Any]:
    if "json" not in answer.headers.get("Content-Type", ""):
        return {"detail": answer.text[:200]}
    problem: dict[str, Any] = answer.json()
    return problem


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was answered: in which trace, under which span of the caller's, and after how long."""

    method: str
    path: str
    trace_id: str
    span_id: str
    seconds: float


class Gateway:
    """The gateway of a running platform, and the people of one tenant before it.

    Each request begins a trace of its own; `asked` holds all that were answered, in their order.
    """

    def __init__(self, client: httpx2.AsyncClient, secret: str, tenant: UUID) -> None:
        self._client = client
        self._secret = secret
        self._tenant = tenant
        self.asked: list[Asked] = []

    def person(self, sub: str, *roles: str, account: str | None = None) -> Person:
        """Somebody of the tenant, with a development token for an hour; a customer's names their account."""
        token = mint_development_token(
            secret=self._secret,
            tenant=self._tenant,
            sub=sub,
            roles=roles,
            account=account,
            ttl=timedelta(hours=1),
            now=datetime.now(UTC),
        )
        return Person(self, sub, token)

    async def send(self, method: str, path: str, *, headers: dict[str, str], **rest: Any) -> httpx2.Response:
        """Sends one request.

        Raises:
            _NotAnswered: the connection was refused, or broke.
        """
        trace_id, span_id, begun = uuid4().hex, secrets.token_hex(8), time.perf_counter()
        traced = {**headers, "traceparent": f"00-{trace_id}-{span_id}-01"}
        try:
            answer = await self._client.request(method, path, headers=traced, **rest)
        except httpx2.TransportError as error:
            raise _NotAnswered(f"{method} {path}: {type(error).__name__}") from error
        self.asked.append(Asked(method, path, trace_id, span_id, time.perf_counter() - begun))
        return answer


@asynccontextmanager
async def gateway(base_url: str, secret: str, tenant: UUID) -> AsyncIterator[Gateway]:
    """The gateway, for the length of the block."""
    async with client_of(base_url) as client:
        yield Gateway(client, secret, tenant)


def client_of(base_url: str) -> httpx2.AsyncClient:
    """A patient client of an address."""
    is_plain = base_url.startswith("http:")
    return httpx2.AsyncClient(
        base_url=base_url, timeout=_REQUEST_S, trust_env=False, verify=no_tls() if is_plain else True
    )


async def until(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """What is found once it is there: what others do comes over the bus, in its own time.

    Raises:
        DemoFailed: it does not come.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                found = await look()
                if found is not None:
                    return found
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise DemoFailed(f"{what} did not come.") from None
