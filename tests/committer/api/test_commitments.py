"""Commitments are drawn from approved models, at what the engine says that they are worth."""

from typing import Any

import pytest

from tests.architect.api.cases import MODELS, got, if_match, posted
from tests.committer.api.cases import COMMITMENTS, MODEL, NEW_COMMITMENT, Deal
from tests.harness.platform import Company


async def test_it_is_worth_what_the_model_says_at_target_and_at_baseline(deal: Deal) -> None:
    model = await deal.model()
    drawn = await deal.commitment(model)
    assert drawn["committed"] == ["900.00"] * 8
    assert drawn["at_baseline"] == ["225.00"] * 8
    assert (drawn["key"], drawn["metric"], drawn["direction"]) == ("uptime", "hours_stopped", "decrease")
    assert drawn["version_hash"] == model["current"]["version_hash"]
    assert drawn["account_id"] == model["account_id"]
    assert await got(deal.manager, f"{COMMITMENTS}/{drawn['id']}") == drawn
    listed = await got(deal.manager, COMMITMENTS, model_id=model["id"])
    assert listed["items"] == [drawn]


async def test_the_way_to_the_target_is_the_profile_s_and_the_baseline_has_none(deal: Deal) -> None:
    slow = {**MODEL, "drivers": [{**each, "profile": [0.25, 1]} for each in MODEL["drivers"]]}
    drawn = await deal.commitment(await deal.model(slow))
    assert drawn["committed"] == ["225.00"] + ["900.00"] * 7
    assert drawn["at_baseline"] == ["225.00"] * 8


async def test_without_a_target_it_promises_the_model_s_own_figure(deal: Deal) -> None:
    drawn = await deal.commitment(target=None)
    assert (drawn["target"], drawn["committed"][0]) == ("120.0", "900.00")


async def test_a_revision_in_draft_does_not_hide_what_is_approved(deal: Deal) -> None:
    model = await deal.model()
    await posted(deal.engineer, f"{MODELS}/{model['id']}/revise", **if_match(model))
    assert (await deal.commitment(model))["model_version"] == 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"driver_key": "other"}, "/driver_key"),
        ({"driver_key": "goodwill"}, "/driver_key"),
        ({"target": "180"}, "/target"),
        ({"target": "190"}, "/target"),
        ({"baseline": "100"}, "/target"),
    ],
)
async def test_what_makes_no_promise_is_refused(deal: Deal, fields: dict[str, Any], pointer: str) -> None:
    body = {"model_id": (await deal.model())["id"], **NEW_COMMITMENT, **fields}
    refused = await deal.manager.post(COMMITMENTS, json=body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_model_that_nobody_approved_makes_no_promise(deal: Deal, other_company: Company) -> None:
    model = await deal.model()
    account = {"source": "document", "account_id": model["account_id"], "name": "Raw", "document": MODEL}
    raw = await posted(deal.engineer, MODELS, account)
    elsewhere = await Deal(other_company).model()
    for unknown in (raw, elsewhere):
        refused = await deal.manager.post(COMMITMENTS, json={"model_id": unknown["id"], **NEW_COMMITMENT})
        assert (refused.status_code, refused.json()["code"]) == (422, "not_approved")


async def test_a_customer_sees_the_own_account_s(deal: Deal) -> None:
    drawn = await deal.commitment()
    other = await deal.commitment()
    customer = deal.customer(drawn["account_id"])
    assert [each["id"] for each in (await got(customer, COMMITMENTS))["items"]] == [drawn["id"]]
    assert (await customer.get(f"{COMMITMENTS}/{other['id']}")).status_code == 404
