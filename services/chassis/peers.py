"""The typed client of a peer: one call, with deadline, retries, circuit breaker, trace and internal token."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, overload
from uuid import UUID

import httpx2
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from services.chassis.actor import Actor
from services.chassis.breaker import BreakerState, CircuitBreaker
from services.chassis.deadline import TIMEOUT_HEADER, Deadline, current_deadline
from services.chassis.peer_errors import PeerMisunderstood, PeerProblem, PeerUnavailable
from services.chassis.registry import Address, Registry
from services.chassis.telemetry.logs import bound
from services.chassis.telemetry.traces import inject, tracer
from services.schemas.problem import ProblemDocument

__all__ = ["MintToken", "PeerClient", "PeerMisunderstood", "PeerProblem", "PeerUnavailable"]

M = TypeVar("M", bound=BaseModel)

# Its own source: the process's shared generator belongs to whoever seeds it.
_jitter = random.SystemRandom()

_TIMEOUT_MS = 10_000
_CONNECT_TIMEOUT_S = 1.0
_ATTEMPTS = 3
_FIRST_BACKOFF_S = 0.1
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_UNABLE = frozenset({502, 503, 504})


class MintToken(Protocol):
    """Makes the internal token of one call: for this callee, for this actor, with this scope only."""

    def __call__(self, audience: str, tenant: UUID, actor: str, scope: str) -> str: ...


@dataclass(frozen=True, slots=True)
class _Call:
    """One call as it is sent, at each attempt the same but for the time that is left."""

    method: str
    path: str
    params: Mapping[str, str | int]
    body: bytes | None
    headers: Mapping[str, str]
    deadline: Deadline

    @property
    def may_repeat(self) -> bool:
        return self.method in _IDEMPOTENT or "Idempotency-Key" in self.headers


class PeerClient:
    """The client of one peer.

    `name` is the peer's host name and the audience of its tokens; `registry` tells where it is, `transport`
    carries the calls there. `on_breaker` hears the circuit breaker's state before and after
    each attempt.
    """

    def __init__(
        self,
        name: str,
        *,
        registry: Registry,
        transport: httpx2.AsyncBaseTransport,
        mint: MintToken,
        breaker: CircuitBreaker | None = None,
        tracer_provider: trace.TracerProvider | None = None,
        on_breaker: Callable[[str, BreakerState], None] | None = None,
        timeout_ms: float = _TIMEOUT_MS,
    ) -> None:
        self.name = name
        self._registry = registry
        self._client = httpx2.AsyncClient(
            transport=transport,
            timeout=httpx2.Timeout(None, connect=_CONNECT_TIMEOUT_S),  # the rest is the deadline's
            trust_env=False,
            follow_redirects=False,
        )
        self._mint = mint
        self._breaker = breaker or CircuitBreaker()
        self._tracer = tracer(tracer_provider)
        self._on_breaker = on_breaker
        self._timeout_ms = timeout_ms

    async def close(self) -> None:
        """Gives back the connections."""
        await self._client.aclose()

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        actor: Actor,
        scope: str,
        response: type[M],
        json: Any = None,
        params: Mapping[str, str | int] | None = None,
        idempotency_key: str | None = None,
    ) -> M: ...

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        actor: Actor,
        scope: str,
        response: None = None,
        json: Any = None,
        params: Mapping[str, str | int] | None = None,
        idempotency_key: str | None = None,
    ) -> None: ...

    async def request(
        self,
        method: str,
        path: str,
        *,
        actor: Actor,
        scope: str,
        response: type[M] | None = None,
        json: Any = None,
        params: Mapping[str, str | int] | None = None,
        idempotency_key: str | None = None,
    ) -> M | None:
        """Calls the peer for an actor, with one scope, and returns its document.

        `json` is a document or whatever pydantic can write as JSON. The call ends by the current request's
        deadline, or after the client's own timeout if that is sooner. It is repeated, with full jitter, only
        if that is safe: by its method, or because it carries an `idempotency_key`.

        Raises:
            PeerProblem: the peer refused.
            PeerMisunderstood: its answer is not a `response`.
            PeerUnavailable: it did not answer; 503 if nobody handles it.
        """
        with self._tracer.start_as_current_span(
            f"{method} {self.name}",
            kind=SpanKind.CLIENT,
            attributes={"http.request.method": method, "server.address": self.name, "url.path": path},
        ) as span:
            call = _Call(
                method=method,
                path=path,
                params=params or {},
                body=None if json is None else to_json(json),
                headers=self._headers(actor, scope, idempotency_key, has_body=json is not None),
                deadline=self._deadline(),
            )
            answer = await self._in_time(call)
            span.set_attribute("http.response.status_code", answer.status_code)
            return self._understood(answer, response)

    def _deadline(self) -> Deadline:
        own, current = Deadline.after(self._timeout_ms), current_deadline()
        return own if current is None else min(own, current)

    def _headers(
        self, actor: Actor, scope: str, idempotency_key: str | None, *, has_body: bool
    ) -> dict[str, str]:
        token = self._mint(self.name, actor.tenant, actor.sub, scope)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        inject(headers)
        if (request_id := bound("request_id")) is not None:
            headers["X-Request-ID"] = request_id
        if has_body:
            headers["Content-Type"] = "application/json"
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return headers

    async def _in_time(self, call: _Call) -> httpx2.Response:
        """The answer within the client's own timeout; a request's deadline stops the call by itself."""
        try:
            async with asyncio.timeout(self._timeout_ms / 1000) as limit:
                return await self._answered(call)
        except TimeoutError:
            if not limit.expired():
                raise
            self._judge(able=False)
            raise PeerUnavailable(self.name, "no answer in time") from None

    async def _answered(self, call: _Call) -> httpx2.Response:
        """The peer's answer, by as many attempts as it takes and are allowed."""
        addresses = await self._registry.resolve(self.name)
        if not addresses:
            raise PeerUnavailable(self.name, "no healthy instance is known")
        first = random.randrange(len(addresses))  # noqa: S311  # spreads the load, no secret
        reason = ""
        for attempt in range(_ATTEMPTS if call.may_repeat else 1):
            await self._back_off(attempt)
            if not self._may_go():
                raise PeerUnavailable(self.name, reason or "its circuit breaker is open")
            try:
                answer = await self._sent(call, addresses[(first + attempt) % len(addresses)])
            except httpx2.TransportError as error:
                reason = repr(error)
            else:
                if answer.status_code not in _UNABLE:
                    self._judge(able=True)
                    return answer
                reason = f"it answered {answer.status_code}"
            self._judge(able=False)
        raise PeerUnavailable(self.name, reason)

    async def _sent(self, call: _Call, address: Address) -> httpx2.Response:
        return await self._client.request(
            call.method,
            address.url + call.path,
            params=call.params,
            content=call.body,
            headers={**call.headers, TIMEOUT_HEADER: call.deadline.header()},
        )

    async def _back_off(self, attempt: int) -> None:
        if attempt > 0:
            ceiling = _FIRST_BACKOFF_S * 2.0 ** (attempt - 1)
            await asyncio.sleep(_jitter.uniform(0, ceiling))

    def _may_go(self) -> bool:
        allowed = self._breaker.allows()
        self._tell_breaker()
        return allowed

    def _judge(self, *, able: bool) -> None:
        if able:
            self._breaker.succeeded()
        else:
            self._breaker.failed()
        self._tell_breaker()

    def _tell_breaker(self) -> None:
        if self._on_breaker is not None:
            self._on_breaker(self.name, self._breaker.state)

    def _understood(self, answer: httpx2.Response, response: type[M] | None) -> M | None:
        try:
            if not answer.is_success:
                raise PeerProblem(self.name, ProblemDocument.model_validate_json(answer.content))
            return None if response is None else response.model_validate_json(answer.content)
        except ValidationError as error:
            what = f"no {error.title}: {error.error_count()} errors"
            raise PeerMisunderstood(f"{self.name} answered {answer.status_code} with {what}") from error
