"""What the engine's absence, its refusals and its slowness mean for a review."""

import httpx2
import pytest

from tests.amplifier.api.cases import (
    MODEL,
    PLANS,
    active,
    approved,
    downtime,
    got,
    measured,
    planned,
    reading,
    refused,
    settled,
    stepped,
    succeeded,
)
from tests.amplifier.ways import way_to
from tests.harness.platform import Company

ENGINE = "calculation-engine"


@pytest.fixture
def sam(company: Company) -> httpx2.AsyncClient:
    return company.person("sam", "success-lead")


async def test_a_review_without_the_engine_changes_nothing(company: Company, sam: httpx2.AsyncClient) -> None:
    plan = await active(company)
    await measured(sam, plan)
    with way_to(company, ENGINE):
        answer = await stepped(sam, plan, "request-review")
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        period = await got(sam, f"{PLANS}/{plan['id']}/periods/2026-Q1")
        assert (period["state"], period["revision"]) == ("open", 1)
    succeeded(await stepped(sam, plan, "request-review"))


async def test_measurements_that_come_during_an_evaluation_are_not_overlooked(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    plan = await active(company)
    await measured(sam, plan)
    with way_to(company, ENGINE) as way:
        way.is_open = True
        late = [reading("2026-01", "10", "2026-05-01")]
        way.meanwhile = lambda: measured(sam, plan, late)
        assert refused(await stepped(sam, plan, "request-review")) == (409, "measurements_changed")
        reviewed = succeeded(await stepped(sam, plan, "request-review"))
    assert reviewed["figures"][0]["realised"]["amount"] == "1600.00"


async def test_what_the_model_has_no_value_for_is_said(company: Company, sam: httpx2.AsyncClient) -> None:
    first, *others = MODEL["drivers"]
    document = {**MODEL, "drivers": [{**first, "formula": "1000 / hours"}, *others]}
    body = planned(await approved(company, document), commitments=[downtime()])
    plan = await settled(sam, succeeded(await sam.post(PLANS, json=body)))
    await measured(sam, plan, [reading("2026-01", "0", "2026-02-03")])
    answer = await stepped(sam, plan, "request-review")
    assert refused(answer) == (422, "cannot_evaluate")
    assert "downtime with hours = 0" in answer.json()["detail"]
