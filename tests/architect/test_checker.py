"""With the engine away nothing is lost: drafts are kept, and checked when it is back."""

from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from typing import Any

import httpx2
import pytest

from services.architect.checker import ModelChecker
from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.breaker import CircuitBreaker
from services.chassis.peers import PeerClient
from services.chassis.runtime import Runtime
from tests.architect.api.cases import (
    ACCOUNTS,
    DRIVERS,
    MODELS,
    PLAIN_MODEL,
    PUMPS,
    drafted,
    got,
    if_match,
    posted,
    proposed,
    step,
)
from tests.architect.domain.drivers import driver
from tests.harness.platform import Company, TestPlatform
from tests.harness.waiting import eventually

ENGINE = "calculation-engine"


class Way(httpx2.AsyncBaseTransport):
    """The way to the engine, which a test closes and opens; `meanwhile` happens once, during a call."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.is_open = True
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if not self.is_open:
            raise httpx2.ConnectError("the test has closed the way", request=request)
        if self.meanwhile is not None:
            happen, self.meanwhile = self.meanwhile, None
            await happen()
        return await self._inner.handle_async_request(request)


@pytest.fixture
def way(platform: TestPlatform) -> Iterator[Way]:
    """The engine is away until the test opens the way."""
    runtime: Runtime = platform.embedded.apps["value-architect"].state.runtime
    way = Way(IsolatedASGITransport(platform.embedded.apps[ENGINE]))
    way.is_open = False
    before = runtime.peer(ENGINE)
    runtime._peers[ENGINE] = PeerClient(
        ENGINE,
        registry=runtime.registry,
        transport=way,
        mint=runtime._mint,
        breaker=CircuitBreaker(open_for_s=0.05),
    )
    yield way
    runtime._peers[ENGINE] = before


@pytest.fixture
def ada(company: Company) -> httpx2.AsyncClient:
    return company.person("ada", "value-engineer")


async def test_a_draft_is_kept_unchecked_and_checked_later(way: Way, ada: httpx2.AsyncClient) -> None:
    model = await drafted(ada)
    assert (model["current"]["checked"], model["current"]["figures"]) == (False, None)
    refused = await ada.post(f"{MODELS}/{model['id']}/request-review", headers=if_match(model))
    assert (refused.status_code, refused.json()["code"]) == (409, "unchecked_model")

    way.is_open = True
    checked = await eventually(lambda: _settled(ada, model))
    assert checked["current"]["checked"] is True
    assert checked["current"]["figures"]["total"]["npv"] == pytest.approx(14894.8159, abs=1e-4)
    assert checked["revision"] == model["revision"] + 1
    assert (await step(ada, checked, "request-review"))["current"]["state"] == "in_review"


async def test_what_the_engine_refuses_later_says_why(way: Way, ada: httpx2.AsyncClient) -> None:
    document = deepcopy(PLAIN_MODEL)
    document["drivers"][0]["formula"] = "hours * unheard_of"
    model = await drafted(ada, document)
    way.is_open = True
    checked = await eventually(lambda: _settled(ada, model))
    assert (checked["current"]["checked"], checked["current"]["figures"]) == (False, None)
    assert [each["pointer"] for each in checked["current"]["findings"]] == ["/drivers/0/formula"]
    mended = await _rewritten(ada, checked)
    assert (mended.json()["current"]["checked"], mended.json()["current"]["findings"]) == (True, [])


async def test_a_check_that_found_the_engine_away_is_soon_tried_again(
    platform: TestPlatform, way: Way, ada: httpx2.AsyncClient
) -> None:
    model = await drafted(ada)
    checker = ModelChecker(platform.embedded.apps["value-architect"].state.runtime)
    assert await checker.run_once() is False
    way.is_open = True
    assert (await eventually(lambda: _settled(ada, model)))["current"]["checked"] is True


async def test_a_check_does_not_overtake_a_draft_that_was_rewritten_meanwhile(
    way: Way, ada: httpx2.AsyncClient
) -> None:
    model = await drafted(ada)

    async def rewrite() -> None:
        way.is_open = False
        answer = await _rewritten(ada, model, discount_rate=0.0)
        assert answer.json()["current"]["checked"] is False
        way.is_open = True

    way.meanwhile = rewrite
    way.is_open = True
    checked = await eventually(lambda: _settled(ada, model))
    assert checked["current"]["document"]["discount_rate"] == 0.0
    assert checked["current"]["figures"]["total"]["npv"] == pytest.approx(3 * 8000 - 5000)


async def test_of_two_who_rewrite_at_once_the_slower_reads_again(way: Way, ada: httpx2.AsyncClient) -> None:
    way.is_open = True
    model = await drafted(ada)

    async def overtake() -> None:
        assert (await _rewritten(ada, model, discount_rate=0.05)).status_code == 200

    way.meanwhile = overtake
    assert (await _rewritten(ada, model, discount_rate=0.2)).status_code == 412
    assert (await got(ada, f"{MODELS}/{model['id']}"))["current"]["document"]["discount_rate"] == 0.05


@pytest.mark.usefixtures("way")
async def test_hypotheses_come_without_what_they_may_bring(ada: httpx2.AsyncClient) -> None:
    hypotheses = await proposed(ada, PUMPS)
    assert hypotheses
    assert all(each["annual_value"] is None for each in hypotheses)
    assert "the calculation engine was away" in hypotheses[0]["reason"]


@pytest.mark.usefixtures("way")
async def test_a_driver_that_nobody_can_check_is_not_taken(ada: httpx2.AsyncClient) -> None:
    answer = await ada.post(DRIVERS, json=driver("mine").model_dump(mode="json"))
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert (await got(ada, DRIVERS, own="true"))["items"] == []


@pytest.mark.usefixtures("way")
async def test_the_rest_does_not_need_the_engine(ada: httpx2.AsyncClient) -> None:
    account = await posted(ada, ACCOUNTS, PUMPS)
    assert (await got(ada, f"{ACCOUNTS}/{account['id']}")) == account


async def _settled(client: httpx2.AsyncClient, model: dict[str, Any]) -> dict[str, Any] | None:
    found = await got(client, f"{MODELS}/{model['id']}")
    current = found["current"]
    return found if current["checked"] or current["findings"] else None


async def _rewritten(client: httpx2.AsyncClient, model: dict[str, Any], **changes: Any) -> httpx2.Response:
    body = {"name": model["name"], "document": {**PLAIN_MODEL, **changes}}
    return await client.put(f"{MODELS}/{model['id']}", json=body, headers=if_match(model))
