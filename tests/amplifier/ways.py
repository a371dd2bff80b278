"""One company's way to a peer, which a test closes and opens."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx2
import jwt

from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.breaker import CircuitBreaker
from services.chassis.peers import PeerClient
from tests.amplifier.api.cases import runtime_of
from tests.harness.platform import Company


class Way(httpx2.AsyncBaseTransport):
    """Closed until the test opens it; `meanwhile` happens once, during a call. `answered` counts answers.

    All that is of one tenant's calls: others pass, for work that other tests left behind goes on meanwhile.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, tenant: UUID) -> None:
        self._inner = inner
        self._tenant = str(tenant)
        self.is_open = False
        self.answered = 0
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if _tenant_of(request) != self._tenant:
            return await self._inner.handle_async_request(request)
        if not self.is_open:
            raise httpx2.ConnectError("the test has closed the way", request=request)
        if self.meanwhile is not None:
            happen, self.meanwhile = self.meanwhile, None
            await happen()
        answer = await self._inner.handle_async_request(request)
        self.answered += 1
        return answer


def _tenant_of(request: httpx2.Request) -> str:
    token = request.headers["Authorization"].removeprefix("Bearer ")
    return str(jwt.decode(token, options={"verify_signature": False})["tenant"])


@contextmanager
def way_to(company: Company, peer: str) -> Iterator[Way]:
    """The amplifier's way to one of its peers."""
    runtime = runtime_of(company)
    way = Way(IsolatedASGITransport(company.platform.embedded.apps[peer]), company.tenant)
    before = runtime.peer(peer)
    runtime._peers[peer] = PeerClient(
        peer,
        registry=runtime.registry,
        transport=way,
        mint=runtime._mint,
        breaker=CircuitBreaker(open_for_s=0.05),
    )
    try:
        yield way
    finally:
        runtime._peers[peer] = before
