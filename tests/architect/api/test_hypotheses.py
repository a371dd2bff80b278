"""Hypotheses fit the account, and decisions about them are kept and told."""

from decimal import Decimal

import httpx2
import pytest

from tests.architect.api.cases import (
    ACCOUNTS,
    BANK,
    HYPOTHESES,
    PUMPS,
    accepted,
    got,
    if_match,
    posted,
    proposed,
)
from tests.architect.api.outbox import events_about
from tests.harness.platform import Company


@pytest.fixture
def ada(company: Company) -> httpx2.AsyncClient:
    return company.person("ada", "value-engineer")


async def test_two_different_accounts_get_different_hypotheses(ada: httpx2.AsyncClient) -> None:
    pumps, bank = await proposed(ada, PUMPS), await proposed(ada, BANK)
    assert pumps[0]["driver_key"] in {"unplanned_downtime", "scrap_and_rework"}
    assert bank[0]["driver_key"] in {"customer_onboarding", "false_alarms"}
    assert {each["driver_key"] for each in pumps} != {each["driver_key"] for each in bank}


async def test_each_has_a_reason_a_score_and_what_it_may_bring(ada: httpx2.AsyncClient) -> None:
    hypotheses = await proposed(ada, PUMPS)
    assert [each["rank"] for each in hypotheses] == list(range(1, len(hypotheses) + 1))
    [downtime] = [each for each in hypotheses if each["driver_key"] == "unplanned_downtime"]
    # 12 months x (30 - 22) hours x 0.00002 x 420,000,000 an hour, less 15 % for risk.
    assert downtime["annual_value"] == {"amount": "685440.00", "currency": "EUR"}
    assert "Answers what was stated: downtime (1 of the 2 pains it is for)." in downtime["reason"]
    assert "EUR 685,440 a year" in downtime["reason"]


async def test_a_larger_company_is_promised_more(ada: httpx2.AsyncClient) -> None:
    twice = {**PUMPS, "annual_revenue": {"amount": "840000000.00", "currency": "EUR"}}
    small = {each["driver_key"]: each for each in await proposed(ada, PUMPS)}
    large = {each["driver_key"]: each for each in await proposed(ada, twice)}
    assert Decimal(large["unplanned_downtime"]["annual_value"]["amount"]) == 2 * Decimal(
        small["unplanned_downtime"]["annual_value"]["amount"]
    )


async def test_the_list_keeps_the_order_of_the_ranks(ada: httpx2.AsyncClient) -> None:
    hypotheses = await proposed(ada, PUMPS, limit=5)
    listed = await got(ada, HYPOTHESES, account_id=hypotheses[0]["account_id"])
    assert listed["items"] == hypotheses
    assert listed["next"] is None


async def test_an_accepted_hypothesis_is_told(company: Company, ada: httpx2.AsyncClient) -> None:
    [best, *_] = await proposed(ada, PUMPS)
    taken = await accepted(ada, best)
    assert (taken["state"], taken["decided_by"], taken["revision"]) == ("accepted", "ada", 2)
    [event] = await events_about(company, taken["id"])
    assert event.type == "architect.hypothesis.accepted.v1"
    assert event.payload["driver_key"] == best["driver_key"]
    assert event.payload["decided_by"] == "ada"


async def test_a_rejection_gives_its_reason_and_can_be_turned(
    company: Company, ada: httpx2.AsyncClient
) -> None:
    [best, *_] = await proposed(ada, PUMPS)
    rejected = await posted(
        ada, f"{HYPOTHESES}/{best['id']}/reject", {"reason": "Flat rate."}, **if_match(best)
    )
    assert rejected["rejection_reason"] == "Flat rate."
    turned = await accepted(ada, rejected)
    assert (turned["state"], turned["rejection_reason"]) == ("accepted", None)
    events = await events_about(company, best["id"])
    assert [event.sequence for event in events] == [1, 2]
    assert events[0].payload["reason"] == "Flat rate."


async def test_a_decision_is_not_repeated(ada: httpx2.AsyncClient) -> None:
    [best, *_] = await proposed(ada, PUMPS)
    taken = await accepted(ada, best)
    again = await ada.post(f"{HYPOTHESES}/{taken['id']}/accept", headers=if_match(taken))
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")


async def test_a_decision_names_the_revision_it_saw(ada: httpx2.AsyncClient) -> None:
    [best, *_] = await proposed(ada, PUMPS)
    path = f"{HYPOTHESES}/{best['id']}/accept"
    assert (await ada.post(path)).status_code == 428
    assert (await ada.post(path, headers={"If-Match": '"7"'})).status_code == 412


async def test_generating_again_keeps_what_was_decided(ada: httpx2.AsyncClient) -> None:
    first, second, *_ = await proposed(ada, PUMPS)
    account = first["account_id"]
    await accepted(ada, first)
    await posted(ada, f"{HYPOTHESES}/{second['id']}/reject", {"reason": "No."}, **if_match(second))
    again = await posted(ada, f"{HYPOTHESES}/generate", {"account_id": account})
    keys = {each["driver_key"] for each in again["items"]}
    assert not keys & {first["driver_key"], second["driver_key"]}
    states = [each["state"] for each in (await got(ada, HYPOTHESES, account_id=account))["items"]]
    assert (states.count("accepted"), states.count("rejected")) == (1, 1)
    only = await got(ada, HYPOTHESES, account_id=account, state="accepted")
    assert [each["id"] for each in only["items"]] == [first["id"]]


async def test_an_unknown_account_is_404(ada: httpx2.AsyncClient) -> None:
    unknown = "01935b2c-7a50-7c4e-9b1a-3f6d2e8c4a10"
    answer = await ada.post(f"{HYPOTHESES}/generate", json={"account_id": unknown})
    assert answer.status_code == 404


async def test_an_account_of_unknown_size_is_told_so(ada: httpx2.AsyncClient) -> None:
    unknown = {"name": "Somebody", "industry": "retail", "currency": "EUR"}
    hypotheses = await proposed(ada, unknown)
    assert hypotheses
    assert all("a typical one was assumed" in each["reason"] for each in hypotheses)
    assert (await got(ada, ACCOUNTS, name="Somebody"))["items"][0]["annual_revenue"] is None
