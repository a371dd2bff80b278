"""With the engine away nothing is lost: drafts are kept, and checked when it is back."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import httpx2
import pytest

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
    """The way to the engine, which a test closes and opens."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.is_open = True

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if not self.is_open:
            raise httpx2.ConnectError("the test has closed the way", request=request)
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
    body = {"name": model["name"], "document": PLAIN_MODEL}
    mended = await ada.put(f"{MODELS}/{model['id']}", json=body, headers=if_match(checked))
    assert (mended.json()["current"]["checked"], mended.json()["current"]["findings"]) == (True, [])


async def test_a_rewritten_draft_is_not_overtaken_by_an_older_check(
    way: Way, ada: httpx2.AsyncClient
) -> None:
    model = await drafted(ada)
    body = {"name": model["name"], "document": {**PLAIN_MODEL, "discount_rate": 0.0}}
    rewritten = (await ada.put(f"{MODELS}/{model['id']}", json=body, headers=if_match(model))).json()
    way.is_open = True
    checked = await eventually(lambda: _settled(ada, rewritten))
    assert checked["current"]["figures"]["total"]["npv"] == pytest.approx(3 * 8000 - 5000)


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
