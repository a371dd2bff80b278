"""Success plans: made for a contract, measured by the architect's model, seen by whom they concern."""

import asyncio
from uuid import uuid4

import httpx2
import pytest

from tests.amplifier.api.cases import (
    MODEL,
    PLANS,
    active,
    approved,
    downtime,
    got,
    made,
    measured,
    planned,
    refused,
    settled,
    stepped,
    succeeded,
)
from tests.harness.platform import Company

MANY = 8


@pytest.fixture
def sam(company: Company) -> httpx2.AsyncClient:
    return company.person("sam", "success-lead")


async def test_a_plan_fetches_its_model_once_and_is_active(company: Company, sam: httpx2.AsyncClient) -> None:
    plan = await made(company)
    assert plan["state"] == "fetching"
    plan = await settled(sam, plan)
    assert (plan["state"], plan["findings"]) == ("active", [])
    assert [period["key"] for period in plan["periods"]] == ["2026-Q1", "2026-Q2"]
    periods = await got(sam, f"{PLANS}/{plan['id']}/periods")
    assert [each["state"] for each in periods["items"]] == ["open", "open"]
    [found] = (await got(sam, PLANS, contract_id=plan["contract_id"]))["items"]
    assert found["id"] == plan["id"]
    assert (await got(sam, PLANS, contract_id=str(uuid4())))["items"] == []


async def test_a_hash_that_nobody_approved_is_refused(company: Company, sam: httpx2.AsyncClient) -> None:
    plan = await settled(sam, await made(company, version_hash="a" * 64))
    assert plan["state"] == "refused"
    assert [finding["pointer"] for finding in plan["findings"]] == ["/version_hash"]
    assert refused(await sam.post(f"{PLANS}/{plan['id']}/measurements", json={"rows": [_row()]})) == (
        409,
        "wrong_state",
    )
    assert refused(await stepped(sam, plan, "request-review")) == (409, "wrong_state")
    assert refused(await sam.get(f"{PLANS}/{plan['id']}/realised-value")) == (409, "wrong_state")


async def test_a_draft_is_no_model_to_be_measured_by(company: Company, sam: httpx2.AsyncClient) -> None:
    ada = company.person("ada", "value-engineer")
    account = {"name": "Nordwerk", "industry": "manufacturing", "currency": "EUR"}
    owner = succeeded(await ada.post("/api/v1/architect/accounts", json=account))
    body = {"source": "document", "account_id": owner["id"], "name": "A draft", "document": MODEL}
    draft = succeeded(await ada.post("/api/v1/architect/models", json=body))
    plan = succeeded(await sam.post(PLANS, json=planned(draft)))
    assert (await settled(sam, plan))["state"] == "refused"


async def test_a_commitment_that_the_model_cannot_measure_is_found_out(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    plan = await settled(sam, await made(company, commitments=[downtime(metric="mood")]))
    assert plan["state"] == "refused"
    assert [finding["pointer"] for finding in plan["findings"]] == ["/commitments/0/metric"]


async def test_what_is_not_admissible_is_422(company: Company, sam: httpx2.AsyncClient) -> None:
    body = planned(await approved(company), time_zone="Mars/Olympus")
    answer = await sam.post(PLANS, json=body)
    assert refused(answer) == (422, "inadmissible")
    assert answer.json()["errors"][0]["pointer"] == "/time_zone"


async def test_of_many_plans_for_one_contract_one_is_made(company: Company, sam: httpx2.AsyncClient) -> None:
    body = planned(await approved(company))
    await got(sam, PLANS)
    answers = await asyncio.gather(*(sam.post(PLANS, json=body) for _ in range(MANY)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (MANY - 1)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"plan_exists"}


async def test_a_customer_sees_the_plans_of_its_own_account(company: Company) -> None:
    mine, theirs = str(uuid4()), str(uuid4())
    plan, other = await active(company, account_id=mine), await made(company, account_id=theirs)
    cora = company.person("cora", "customer", account=mine)
    await measured(company.person("sam", "success-lead"), plan)
    assert [each["id"] for each in (await got(cora, PLANS))["items"]] == [plan["id"]]
    for path in ("", "/periods", "/periods/2026-Q1", "/measurements", "/realised-value", "/proof-points"):
        await got(cora, f"{PLANS}/{plan['id']}{path}")
        assert refused(await cora.get(f"{PLANS}/{other['id']}{path}")) == (404, "not_found")


def _row() -> dict[str, str]:
    return {"metric": "downtime_hours", "month": "2026-01", "value": "1", "recorded_on": "2026-02-03"}
