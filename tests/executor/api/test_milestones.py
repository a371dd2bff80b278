"""Milestones: delivered by one, accepted or rejected by another; the last acceptance completes the plan."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tests.executor.api.cases import (
    PLANS,
    events_about,
    got,
    made,
    planned,
    stepped,
    succeeded,
    told,
    worked,
)
from tests.harness.platform import Company

ACCOUNT = str(uuid4())


@pytest.fixture
def dana(company: Company) -> httpx2.AsyncClient:
    return company.person("dana", "delivery-manager")


@pytest.fixture
def cara(company: Company) -> httpx2.AsyncClient:
    return company.person("cara", "customer", account=ACCOUNT)


async def test_the_customer_accepts_and_the_last_acceptance_completes_the_plan(
    company: Company, dana: httpx2.AsyncClient, cara: httpx2.AsyncClient
) -> None:
    plan = await made(dana, account_id=ACCOUNT)
    for key, day in (("pilot", "2026-01-15"), ("rollout", "2026-03-02")):
        succeeded(await stepped(dana, plan, key, "deliver"))
        accepted = succeeded(await stepped(cara, plan, key, "accept", {"accepted_on": day}))
        assert (accepted["state"], accepted["accepted_by"], accepted["accepted_on"]) == (
            "accepted",
            "cara",
            day,
        )
    assert (await got(dana, f"{PLANS}/{plan['id']}"))["state"] == "completed"
    assert await told(company, plan) == [
        "plan.created",
        "milestone.accepted",
        "milestone.accepted",
        "plan.completed",
    ]
    event = (await events_about(company, plan))[1].payload
    assert (event["milestone"], event["accepted_on"], event["term_id"]) == (
        "pilot",
        "2026-01-15",
        "pilot_fee",
    )
    assert event["driver_keys"] == ["downtime"]


async def test_whoever_delivered_does_not_accept(company: Company, dana: httpx2.AsyncClient) -> None:
    plan = await made(dana)
    both = company.person("dana", "delivery-manager", "approver")
    succeeded(await stepped(both, plan, "pilot", "deliver"))
    refused = await stepped(both, plan, "pilot", "accept", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "second_person_needed")
    assert (await stepped(dana, plan, "pilot", "accept", {})).json()["code"] == "missing_scope"
    amir = company.person("amir", "approver")
    assert succeeded(await stepped(amir, plan, "pilot", "accept", {}))["accepted_by"] == "amir"


async def test_an_acceptance_counts_for_today_where_the_contract_is(
    company: Company, dana: httpx2.AsyncClient
) -> None:
    # Kiritimati is ahead of every other zone, by up to a day.
    zone = ZoneInfo("Pacific/Kiritimati")
    plan = await made(dana, time_zone=zone.key)
    succeeded(await stepped(dana, plan, "pilot", "deliver"))
    before = datetime.now(UTC).astimezone(zone).date()
    accepted = succeeded(await stepped(company.person("amir", "approver"), plan, "pilot", "accept", {}))
    assert accepted["accepted_on"] in {str(before), str(datetime.now(UTC).astimezone(zone).date())}


async def test_an_acceptance_lies_between_the_first_day_and_today(
    company: Company, dana: httpx2.AsyncClient
) -> None:
    plan = await made(dana)
    amir = company.person("amir", "approver")
    succeeded(await stepped(dana, plan, "pilot", "deliver"))
    tomorrow = str((datetime.now(UTC) + timedelta(days=2)).date())
    for day in (tomorrow, "2026-01-04"):
        refused = await stepped(amir, plan, "pilot", "accept", {"accepted_on": day})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/accepted_on")
    assert (await got(dana, f"{PLANS}/{plan['id']}/milestones/pilot"))["state"] == "delivered"


async def test_what_was_rejected_is_taken_up_and_delivered_again(
    company: Company, dana: httpx2.AsyncClient, cara: httpx2.AsyncClient
) -> None:
    plan = await worked(dana, account_id=ACCOUNT)
    succeeded(await stepped(dana, plan, "pilot", "deliver"))
    rejected = succeeded(await stepped(cara, plan, "pilot", "reject", {"reason": "Two lines are silent."}))
    assert (rejected["state"], rejected["reason"]) == ("rejected", "Two lines are silent.")
    assert (await stepped(dana, plan, "pilot", "deliver")).status_code == 409
    resumed = succeeded(await stepped(dana, plan, "pilot", "resume"))
    assert (resumed["state"], resumed["reason"]) == ("in_progress", None)
    succeeded(await stepped(dana, plan, "pilot", "deliver"))
    succeeded(await stepped(cara, plan, "pilot", "accept", {}))
    assert await told(company, plan) == ["plan.created", "milestone.rejected", "milestone.accepted"]


async def test_what_is_blocked_is_told_and_waits_until_it_is_resumed(
    company: Company, dana: httpx2.AsyncClient
) -> None:
    plan = await made(dana)
    succeeded(await stepped(dana, plan, "pilot", "start"))
    assert (await got(dana, f"{PLANS}/{plan['id']}"))["state"] == "active"
    blocked = succeeded(await stepped(dana, plan, "pilot", "block", {"reason": "The site is shut."}))
    assert (blocked["state"], blocked["reason"]) == ("blocked", "The site is shut.")
    assert await told(company, plan) == ["plan.created", "milestone.blocked"]
    refused = await stepped(dana, plan, "pilot", "deliver")
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    assert succeeded(await stepped(dana, plan, "pilot", "resume"))["state"] == "in_progress"


async def test_a_step_names_the_revision_that_was_read(dana: httpx2.AsyncClient) -> None:
    plan = await made(dana)
    path = f"{PLANS}/{plan['id']}/milestones/pilot/deliver"
    assert (await dana.post(path)).status_code == 428
    assert (await dana.post(path, headers={"If-Match": '"7"'})).status_code == 412
    first = await dana.post(path, headers={"If-Match": '"1"', "Idempotency-Key": "once"})
    again = await dana.post(path, headers={"If-Match": '"1"', "Idempotency-Key": "once"})
    assert first.status_code == 200
    assert again.json() == first.json()


async def test_a_customer_of_another_account_accepts_nothing(
    company: Company, dana: httpx2.AsyncClient
) -> None:
    plan = await made(dana, account_id=ACCOUNT)
    succeeded(await stepped(dana, plan, "pilot", "deliver"))
    other = company.person("olaf", "customer", account=str(uuid4()))
    path = f"{PLANS}/{plan['id']}/milestones/pilot/accept"
    assert (await other.post(path, json={}, headers={"If-Match": '"2"'})).status_code == 404


async def test_a_completed_plan_takes_no_more_work(company: Company, dana: httpx2.AsyncClient) -> None:
    body = planned()
    plan = succeeded(await dana.post(PLANS, json={**body, "milestones": body["milestones"][:1]}))
    succeeded(await stepped(dana, plan, "pilot", "deliver"))
    succeeded(await stepped(company.person("amir", "approver"), plan, "pilot", "accept", {}))
    now = await got(dana, f"{PLANS}/{plan['id']}")
    path = f"{PLANS}/{plan['id']}/activities"
    refused = await dana.put(
        path,
        json={"activities": [{"key": "a", "duration": 1}]},
        headers={"If-Match": f'"{now["revision"]}"'},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
