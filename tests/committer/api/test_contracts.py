"""Contracts are drafted from commitments, terms and milestones, in the calendar that they give."""

from typing import Any
from uuid import uuid4

import pytest

from tests.architect.api.cases import got, if_match, posted
from tests.committer.api.cases import CONTRACTS, GAIN_SHARE, GO_LIVE, SUBSCRIPTION, Deal, contract_of


async def test_a_contract_puts_promises_into_its_periods(deal: Deal) -> None:
    commitment = await deal.commitment()
    contract = await posted(deal.manager, CONTRACTS, contract_of(commitment))
    assert (contract["state"], contract["owner"]) == ("draft", "dora")
    assert contract["currency"] == "EUR"
    assert contract["committed_value"] == {"amount": "3600.00", "currency": "EUR"}
    assert [each["period"]["key"] for each in contract["calendar"]] == [f"2026-Q{n}" for n in (1, 2, 3, 4)]
    assert [each["committed"]["amount"] for each in contract["calendar"]] == ["900.00"] * 4
    (promise,) = contract["commitments"]
    assert (promise["due_period"], promise["committed"]) == ("2026-Q4", ["900.00"] * 4)
    (milestone,) = contract["milestones"]
    assert (milestone["term_id"], milestone["commitment_ids"]) == ("go_live_fee", [commitment["id"]])
    assert await got(deal.manager, f"{CONTRACTS}/{contract['id']}") == contract


async def test_quarters_of_a_model_make_years_and_months_of_a_contract(deal: Deal) -> None:
    years = await deal.draft(period_length="year", periods=2)
    assert [each["committed"]["amount"] for each in years["calendar"]] == ["3600.00", "3600.00"]
    months = await deal.draft(period_length="month", periods=12)
    assert [each["committed"]["amount"] for each in months["calendar"]] == ["300.00"] * 12


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"periods": 9}, "/periods"),
        ({"periods": 3}, "/commitments/0"),
        ({"commitments": [str(uuid4())]}, "/commitments/0"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"effective_on": "2026-06-01"}, "/milestones/0/due"),
        ({"terms": [SUBSCRIPTION, SUBSCRIPTION]}, "/terms"),
        ({"milestones": []}, "/terms/1/milestone"),
        ({"terms": [{**GAIN_SHARE, "commitments": ["other"]}]}, "/terms/0/commitments/0"),
        ({"terms": [{**GO_LIVE, "amount": "1.234"}]}, "/terms/0/amount"),
    ],
)
async def test_what_does_not_fit_is_refused(deal: Deal, fields: dict[str, Any], pointer: str) -> None:
    refused = await deal.manager.post(CONTRACTS, json=contract_of(await deal.commitment(), **fields))
    assert refused.status_code == 422, refused.text
    assert pointer in {error["pointer"] for error in refused.json()["errors"]}


async def test_all_commitments_are_of_one_model(deal: Deal) -> None:
    commitments = [await deal.commitment(), await deal.commitment(key="second")]
    refused = await deal.manager.post(CONTRACTS, json=contract_of(*commitments))
    assert refused.json()["errors"][0]["pointer"] == "/commitments/1"


async def test_a_driver_is_promised_once(deal: Deal) -> None:
    model = await deal.model()
    twice = [await deal.commitment(model, key=key) for key in ("uptime", "second")]
    shared = {**GAIN_SHARE, "commitments": ["uptime", "second"]}
    refused = await deal.manager.post(CONTRACTS, json=contract_of(*twice, terms=[shared]))
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/commitments/1"]


async def test_a_commitment_is_promised_once(deal: Deal) -> None:
    model = await deal.model()
    first, second = [await deal.commitment(model, key=key) for key in ("uptime", "second")]
    contract = await posted(deal.manager, CONTRACTS, contract_of(first))
    refused = await deal.manager.post(CONTRACTS, json=contract_of(first))
    assert (refused.status_code, refused.json()["code"]) == (409, "commitment_held")
    body = contract_of(second, terms=[SUBSCRIPTION], milestones=[])
    path = f"{CONTRACTS}/{contract['id']}"
    assert (await deal.manager.put(path, json=body, headers=if_match(contract))).status_code == 200
    await posted(deal.manager, CONTRACTS, contract_of(first))


async def test_a_draft_is_rewritten_as_it_was_read(deal: Deal) -> None:
    commitment = await deal.commitment()
    contract = await posted(deal.manager, CONTRACTS, contract_of(commitment))
    path, body = f"{CONTRACTS}/{contract['id']}", contract_of(commitment, name="Fewer stops, cheaper")
    assert (await deal.manager.put(path, json=body)).status_code == 428
    answer = await deal.manager.put(path, json=body, headers=if_match(contract))
    rewritten = answer.json()
    assert (rewritten["name"], rewritten["revision"] > contract["revision"]) == (body["name"], True)
    assert answer.headers["etag"] == f'"{rewritten["revision"]}"'
    assert (await deal.manager.put(path, json=body, headers=if_match(contract))).status_code == 412
    in_review = await deal.step(deal.manager, rewritten, "request-review")
    late = await deal.manager.put(path, json=body, headers=if_match(in_review))
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")


async def test_a_customer_sees_the_own_contracts_once_the_vendor_has_approved(deal: Deal) -> None:
    contract = await deal.draft()
    customer = deal.customer(contract["account_id"])
    path = f"{CONTRACTS}/{contract['id']}"
    assert (await customer.get(path)).status_code == 404
    assert (await got(customer, CONTRACTS))["items"] == []
    contract = await deal.step(deal.manager, contract, "request-review")
    await deal.step(deal.approver, contract, "approve")
    assert (await customer.get(path)).status_code == 200
    assert len((await got(customer, CONTRACTS))["items"]) == 1
    stranger = deal.customer(str(uuid4()), "mallory")
    assert (await stranger.get(path)).status_code == 404


async def test_contracts_are_found_by_state_and_account(deal: Deal) -> None:
    contract = await deal.draft()
    await deal.approved()
    assert [each["id"] for each in (await got(deal.manager, CONTRACTS, state="draft"))["items"]] == [
        contract["id"]
    ]
    by_account = await got(deal.manager, CONTRACTS, account_id=contract["account_id"])
    assert [each["id"] for each in by_account["items"]] == [contract["id"]]
