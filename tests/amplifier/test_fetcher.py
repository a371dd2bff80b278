"""With a peer away nothing is lost: plans wait for their model, and a review says to try again."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from services.amplifier.fetcher import ModelFetcher
from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.breaker import CircuitBreaker
from services.chassis.peers import PeerClient
from tests.amplifier.api.cases import (
    PLANS,
    active,
    got,
    made,
    measured,
    runtime_of,
    settled,
    stepped,
    succeeded,
)
from tests.harness.platform import Company


class Way(httpx2.AsyncBaseTransport):
    """The way to a peer, which a test closes and opens."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.is_open = False
        self.calls = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.calls += 1
        if not self.is_open:
            raise httpx2.ConnectError("the test has closed the way", request=request)
        return await self._inner.handle_async_request(request)


@contextmanager
def way_to(company: Company, peer: str) -> Iterator[Way]:
    """The peer is away until the test opens the way."""
    runtime = runtime_of(company)
    way = Way(IsolatedASGITransport(company.platform.embedded.apps[peer]))
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


async def test_a_plan_waits_for_the_architect_and_asks_it_once(company: Company) -> None:
    sam = company.person("sam", "success-lead")
    with way_to(company, "value-architect") as way:
        plan = await made(company)
        assert await ModelFetcher(runtime_of(company)).run_once() is False
        assert (await got(sam, f"{PLANS}/{plan['id']}"))["state"] == "fetching"
        way.is_open = True
        assert (await settled(sam, plan))["state"] == "active"
        asked = way.calls
        await measured(sam, plan)
        succeeded(await stepped(sam, plan, "request-review"))
        assert way.calls == asked


async def test_a_review_without_the_engine_changes_nothing(company: Company) -> None:
    sam = company.person("sam", "success-lead")
    plan = await active(company)
    await measured(sam, plan)
    with way_to(company, "calculation-engine") as way:
        answer = await stepped(sam, plan, "request-review")
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        period = await got(sam, f"{PLANS}/{plan['id']}/periods/2026-Q1")
        assert (period["state"], period["revision"]) == ("open", 1)
        way.is_open = True
    succeeded(await stepped(sam, plan, "request-review"))
