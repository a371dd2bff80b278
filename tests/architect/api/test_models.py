"""Models are made, computed by the engine, and rewritten as long as they are drafts."""

from copy import deepcopy
from typing import Any

import httpx2
import pytest

from services.schemas.canonical import content_hash
from services.schemas.value_model import ValueModel
from tests.architect.api.cases import (
    ACCOUNTS,
    BANK,
    MODELS,
    PLAIN_MODEL,
    PUMPS,
    accepted,
    drafted,
    got,
    if_match,
    posted,
    proposed,
    step,
)
from tests.harness.platform import Company

# 1 a year for three years at 10 %.
ANNUITY = 1 / 1.1 + 1 / 1.1**2 + 1 / 1.1**3


@pytest.fixture
def ada(company: Company) -> httpx2.AsyncClient:
    return company.person("ada", "value-engineer")


def _with(document: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    """The document with one input changed."""
    changed = deepcopy(document)
    changed["inputs"][name] |= changes
    return changed


async def _replaced(
    client: httpx2.AsyncClient, model: dict[str, Any], document: dict[str, Any]
) -> httpx2.Response:
    body = {"name": model["name"], "document": document}
    return await client.put(f"{MODELS}/{model['id']}", json=body, headers=if_match(model))


async def test_a_document_becomes_a_computed_draft(ada: httpx2.AsyncClient) -> None:
    model = await drafted(ada)
    current = model["current"]
    assert (model["owner"], current["number"], current["state"]) == ("ada", 1, "draft")
    assert current["checked"] is True
    total = current["figures"]["total"]
    # 10,000 a year against 5,000 at the start and 2,000 a year.
    assert total["npv"] == pytest.approx(8000 * ANNUITY - 5000)
    assert total["roi"] == pytest.approx((8000 * ANNUITY - 5000) / (2000 * ANNUITY + 5000))
    assert total["payback_months"] == pytest.approx(12 * 5000 / 8000)
    assert current["figures"]["cfo_view"] == total
    assert current["version_hash"] == content_hash(ValueModel.model_validate(PLAIN_MODEL))


async def test_changing_one_input_moves_the_npv_by_what_a_hand_computes(ada: httpx2.AsyncClient) -> None:
    model = await drafted(ada)
    changed = (await _replaced(ada, model, _with(PLAIN_MODEL, "hourly_cost", value=60))).json()
    moved = changed["current"]["figures"]["total"]["npv"] - model["current"]["figures"]["total"]["npv"]
    assert moved == pytest.approx(200 * 10 * ANNUITY)
    assert changed["current"]["version_hash"] != model["current"]["version_hash"]


async def test_a_model_of_hypotheses_follows_its_inputs_too(ada: httpx2.AsyncClient) -> None:
    [downtime] = [each for each in await proposed(ada, PUMPS) if each["driver_key"] == "unplanned_downtime"]
    await accepted(ada, downtime)
    body = {
        "source": "hypotheses",
        "account_id": downtime["account_id"],
        "name": "Fewer stops",
        "horizon": {"periods": 8, "period_length": "quarter"},
        "discount_rate": 0.0,
        "costs": [{"key": "fee", "label": "Fee", "recurring": "100000"}],
    }
    model = await posted(ada, MODELS, body)
    document = model["current"]["document"]
    assert [driver["key"] for driver in document["drivers"]] == ["unplanned_downtime"]
    assert document["inputs"]["downtime_then"]["distribution"]["kind"] == "pert"
    more = document["inputs"]["downtime_today"]["value"] + 1
    changed = (await _replaced(ada, model, _with(document, "downtime_today", value=more))).json()
    moved = changed["current"]["figures"]["total"]["npv"] - model["current"]["figures"]["total"]["npv"]
    # An hour a month more to win is 12 x 8,400 a year, less 15 % for risk. The ramp from month 3 to 12 gives
    # the quarters 0, 1/6, 1/2, 5/6 and then 1 of it: five and a half quarters in all.
    assert moved == pytest.approx(12 * 8400 * 0.85 / 4 * 5.5, rel=1e-6)


async def test_without_an_accepted_hypothesis_there_is_no_model(ada: httpx2.AsyncClient) -> None:
    account = await posted(ada, ACCOUNTS, PUMPS)
    body = {"source": "hypotheses", "account_id": account["id"], "name": "Nothing"}
    answer = await ada.post(MODELS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_accepted")


@pytest.mark.parametrize("change", [{"formula": "hours * nothing"}, {"formula": "hours * ("}])
async def test_what_the_engine_refuses_is_pointed_at_in_the_body(
    ada: httpx2.AsyncClient, change: dict[str, Any]
) -> None:
    document = deepcopy(PLAIN_MODEL)
    document["drivers"][0] |= change
    account = await posted(ada, ACCOUNTS, PUMPS)
    body = {"source": "document", "account_id": account["id"], "name": "Wrong", "document": document}
    answer = await ada.post(MODELS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "cannot_compute")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/document/drivers/0/formula"]
    assert (await got(ada, MODELS))["items"] == []


async def test_a_refused_cost_is_pointed_at_where_it_stands(ada: httpx2.AsyncClient) -> None:
    [best, *_] = await proposed(ada, PUMPS)
    await accepted(ada, best)
    costs = [{"key": "fee", "label": "Fee", "recurring": "unknown * 2"}]
    body = {"source": "hypotheses", "account_id": best["account_id"], "name": "Wrong", "costs": costs}
    answer = await ada.post(MODELS, json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/costs/0/recurring"]


async def test_the_currency_is_the_account_s(ada: httpx2.AsyncClient) -> None:
    account = await posted(ada, ACCOUNTS, PUMPS)
    document = {**PLAIN_MODEL, "currency": "USD"}
    body = {"source": "document", "account_id": account["id"], "name": "Dollars", "document": document}
    answer = await ada.post(MODELS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "other_currency")


async def test_a_draft_is_rewritten_under_its_revision(ada: httpx2.AsyncClient) -> None:
    model = await drafted(ada)
    body = {"name": "Renamed", "document": PLAIN_MODEL}
    path = f"{MODELS}/{model['id']}"
    assert (await ada.put(path, json=body)).status_code == 428
    first = await ada.put(path, json=body, headers=if_match(model))
    assert first.json()["name"] == "Renamed"
    assert first.headers["etag"] == f'"{model["revision"] + 1}"'
    assert (await ada.put(path, json=body, headers=if_match(model))).status_code == 412


async def test_only_a_draft_is_rewritten(ada: httpx2.AsyncClient) -> None:
    model = await step(ada, await drafted(ada), "request-review")
    answer = await _replaced(ada, model, PLAIN_MODEL)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


async def test_lists_are_narrowed_by_account_state_and_owner(
    company: Company, ada: httpx2.AsyncClient
) -> None:
    ben = company.person("ben", "value-engineer")
    first, second = await drafted(ada), await drafted(ben)
    await step(ben, second, "request-review")
    for wanted, expected in (
        ({}, [second["id"], first["id"]]),
        ({"account_id": first["account_id"]}, [first["id"]]),
        ({"state": "in_review"}, [second["id"]]),
        ({"owner": "ada"}, [first["id"]]),
    ):
        found = (await got(ada, MODELS, **wanted))["items"]
        assert [each["id"] for each in found] == expected, wanted
    assert "document" not in found[0]["current"]


async def test_the_document_keeps_the_order_people_gave_it(ada: httpx2.AsyncClient) -> None:
    document = deepcopy(PLAIN_MODEL)
    document["inputs"] = dict(reversed(document["inputs"].items()))
    model = await drafted(ada, document)
    assert list((await got(ada, f"{MODELS}/{model['id']}"))["current"]["document"]["inputs"]) == [
        "hourly_cost",
        "hours",
    ]


async def test_a_customer_sees_the_models_of_its_account(company: Company, ada: httpx2.AsyncClient) -> None:
    model = await drafted(ada)
    other = await posted(ada, ACCOUNTS, BANK)
    own = company.person("jana", "customer", account=model["account_id"])
    foreign = company.person("ruth", "customer", account=other["id"])
    assert [each["id"] for each in (await got(own, MODELS))["items"]] == [model["id"]]
    assert (await got(foreign, MODELS))["items"] == []
    for path in (f"{MODELS}/{model['id']}", f"{MODELS}/{model['id']}/versions/1"):
        assert (await own.get(path)).status_code == 200
        assert (await foreign.get(path)).status_code == 404
