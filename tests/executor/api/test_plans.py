"""Plans: one a contract, given its work, tracked, and put on the calendar."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.executor.api.cases import (
    NETWORK,
    PILOT,
    PLANS,
    ROLLOUT,
    events_about,
    got,
    if_match,
    made,
    planned,
    reported,
    succeeded,
    told,
    worked,
)
from tests.harness.platform import Company


@pytest.fixture
def dana(company: Company) -> httpx2.AsyncClient:
    return company.person("dana", "delivery-manager")


async def test_a_plan_comes_back_as_it_was_given(company: Company, dana: httpx2.AsyncClient) -> None:
    body = planned()
    plan = succeeded(await dana.post(PLANS, json=body))
    assert (plan["state"], plan["contract_id"]) == ("planned", body["contract_id"])
    assert await got(dana, f"{PLANS}/{plan['id']}") == plan
    milestones = (await got(dana, f"{PLANS}/{plan['id']}/milestones"))["items"]
    assert [(each["key"], each["state"], each["due"]) for each in milestones] == [
        ("pilot", "planned", PILOT["due"]),
        ("rollout", "planned", ROLLOUT["due"]),
    ]
    assert await told(company, plan) == ["plan.created"]


async def test_a_contract_has_one_plan(dana: httpx2.AsyncClient) -> None:
    body = planned()
    succeeded(await dana.post(PLANS, json=body))
    again = await dana.post(PLANS, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "plan_exists")


async def test_a_list_is_narrowed_to_a_contract_and_a_state(dana: httpx2.AsyncClient) -> None:
    first, second = await made(dana), await made(dana)
    newest = await got(dana, PLANS)
    assert [each["id"] for each in newest["items"]] == [second["id"], first["id"]]
    by_contract = await got(dana, PLANS, contract_id=first["contract_id"])
    assert [each["id"] for each in by_contract["items"]] == [first["id"]]
    assert (await got(dana, PLANS, state="active"))["items"] == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"time_zone": "Europe/Nowhere"}, "/time_zone"),
        ({"time_zone": "Europe"}, "/time_zone"),
        ({"time_zone": "../etc/passwd"}, "/time_zone"),
        ({"effective_on": "9999-12-31", "milestones": []}, "/effective_on"),
        ({"milestones": [PILOT, {**ROLLOUT, "key": "pilot"}]}, "/milestones/1/key"),
        ({"milestones": [{**PILOT, "due": "2026-01-04"}]}, "/milestones/0/due"),
    ],
)
async def test_what_is_not_admissible_is_pointed_at(
    dana: httpx2.AsyncClient, changes: dict[str, Any], pointer: str
) -> None:
    refused = await dana.post(PLANS, json=planned(**changes))
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]


async def test_work_is_put_on_the_calendar(dana: httpx2.AsyncClient) -> None:
    plan = await worked(dana, {**NETWORK, "holidays": ["2026-01-06", "2026-01-10"]})
    assert plan["baseline_finish"] == "2026-02-09"
    found = await got(dana, f"{PLANS}/{plan['id']}/schedule")
    by_key = {each["key"]: each for each in found["activities"]}
    days = ("starts_on", "finishes_on", "latest_finish_on")
    assert {key: [each[day] for day in days] for key, each in by_key.items()} == {
        # Ten working days from Monday 5 January, without Epiphany on the 6th.
        "install": ["2026-01-05", "2026-01-19", "2026-01-19"],
        "train": ["2026-01-13", "2026-01-14", "2026-02-09"],
        "extend": ["2026-01-20", "2026-02-09", "2026-02-09"],
    }
    assert (found["duration"], found["finishes_on"]) == (25.0, "2026-02-09")
    assert found["critical_path"] == ["install", "extend"]
    assert [by_key[key]["total_float"] for key in ("install", "train", "extend")] == [0, 18, 0]
    assert [(each["key"], each["expected_on"], each["late_by_days"]) for each in found["milestones"]] == [
        ("pilot", "2026-01-19", 3),
        ("rollout", "2026-02-09", -18),
    ]


async def test_a_plan_without_work_has_an_empty_schedule(dana: httpx2.AsyncClient) -> None:
    plan = await made(dana)
    found = await got(dana, f"{PLANS}/{plan['id']}/schedule")
    assert (found["activities"], found["finishes_on"]) == ([], None)
    assert [each["expected_on"] for each in found["milestones"]] == [None, None]


@pytest.mark.parametrize(
    ("activities", "pointer"),
    [
        ([{"key": "a", "duration": 1, "links": [{"predecessor": "z"}]}], "/activities/0/links/0/predecessor"),
        ([{"key": "a", "duration": 1, "milestone": "moon"}], "/activities/0/milestone"),
        ([{"key": "a", "duration": 1, "links": [{"predecessor": "a"}]}], "/activities/0/links/0"),
        ([{"key": "a", "duration": 1}, {"key": "a", "duration": 1}], "/activities/1/key"),
        (
            [{"key": "a0", "duration": 10000}]
            + [
                {"key": f"a{n}", "duration": 10000, "links": [{"predecessor": f"a{n - 1}"}]}
                for n in range(1, 11)
            ],
            "/activities",
        ),
    ],
)
async def test_work_that_cannot_be_scheduled_is_pointed_at(
    dana: httpx2.AsyncClient, activities: list[dict[str, Any]], pointer: str
) -> None:
    plan = await made(dana)
    path = f"{PLANS}/{plan['id']}/activities"
    refused = await dana.put(path, json={"activities": activities}, headers=if_match(plan))
    assert (refused.status_code, refused.json()["code"]) == (422, "cannot_schedule")
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]
    assert (await got(dana, f"{PLANS}/{plan['id']}")) == plan


async def test_work_is_replaced_under_the_revision_that_was_read(dana: httpx2.AsyncClient) -> None:
    plan = await worked(dana)
    path = f"{PLANS}/{plan['id']}/activities"
    assert (await dana.put(path, json=NETWORK)).status_code == 428
    assert (await dana.put(path, json=NETWORK, headers={"If-Match": '"1"'})).status_code == 412


async def test_new_work_keeps_the_progress_of_what_stays_and_is_a_new_baseline(
    company: Company, dana: httpx2.AsyncClient
) -> None:
    plan = await worked(dana)
    succeeded(await reported(dana, plan, "install", percent=40, actual_start="2026-01-05"))
    now = await got(dana, f"{PLANS}/{plan['id']}")
    shorter = {"activities": [NETWORK["activities"][0]]}
    path = f"{PLANS}/{plan['id']}/activities"
    after = succeeded(await dana.put(path, json=shorter, headers=if_match(now)))
    assert [each["progress"]["percent"] for each in after["activities"]] == [40]
    assert after["baseline_finish"] == "2026-01-16"
    assert await told(company, plan) == ["plan.created", "plan.rebaselined"]


async def test_a_late_start_moves_what_follows_and_is_told_once(
    company: Company, dana: httpx2.AsyncClient
) -> None:
    plan = await worked(dana)
    succeeded(await reported(dana, plan, "install", percent=10, actual_start="2026-01-07"))
    succeeded(await reported(dana, plan, "install", percent=20, actual_start="2026-01-07"))
    found = await got(dana, f"{PLANS}/{plan['id']}/schedule")
    assert [each["expected_on"] for each in found["milestones"]] == ["2026-01-20", "2026-02-10"]
    assert await told(company, plan) == ["plan.created", "milestone.at-risk"]
    event = (await events_about(company, plan))[1].payload
    assert (event["milestone"], event["due"], event["expected"]) == ("pilot", "2026-01-16", "2026-01-20")
    pilot = await got(dana, f"{PLANS}/{plan['id']}/milestones/pilot")
    assert (pilot["state"], pilot["at_risk"], pilot["expected_on"]) == ("in_progress", True, "2026-01-20")
    succeeded(
        await reported(
            dana, plan, "install", percent=100, actual_start="2026-01-07", actual_finish="2026-01-15"
        )
    )
    assert not (await got(dana, f"{PLANS}/{plan['id']}/milestones/pilot"))["at_risk"]


@pytest.mark.parametrize(
    "progress",
    [
        {"percent": 40},
        {"percent": 100, "actual_start": "2026-01-05"},
        {"percent": 50, "actual_start": "2026-01-05", "actual_finish": "2026-01-06"},
        {"percent": 100, "actual_start": "2026-01-06", "actual_finish": "2026-01-05"},
        {"percent": 10, "actual_start": "2199-01-05"},
        {"percent": 101, "actual_start": "2026-01-05"},
    ],
)
async def test_progress_that_cannot_be_is_refused(dana: httpx2.AsyncClient, progress: dict[str, Any]) -> None:
    plan = await worked(dana)
    assert (await reported(dana, plan, "install", **progress)).status_code == 422


async def test_progress_is_of_an_activity_that_is_there(dana: httpx2.AsyncClient) -> None:
    assert (await reported(dana, await worked(dana), "moon", percent=0)).status_code == 404


async def test_a_customer_sees_the_plans_of_its_own_account(
    company: Company, dana: httpx2.AsyncClient
) -> None:
    account = str(uuid4())
    own, foreign = await made(dana, account_id=account), await made(dana, account_id=str(uuid4()))
    cara = company.person("cara", "customer", account=account)
    assert [each["id"] for each in (await got(cara, PLANS))["items"]] == [own["id"]]
    assert (await cara.get(f"{PLANS}/{own['id']}/schedule")).status_code == 200
    for path in ("", "/schedule", "/milestones", "/milestones/pilot"):
        assert (await cara.get(f"{PLANS}/{foreign['id']}{path}")).status_code == 404


async def test_another_tenant_sees_nothing(dana: httpx2.AsyncClient, other_company: Company) -> None:
    plan = await worked(dana)
    eve = other_company.person("eve", "delivery-manager")
    assert (await got(eve, PLANS))["items"] == []
    assert (await eve.get(f"{PLANS}/{plan['id']}")).status_code == 404
    body = planned(contract_id=plan["contract_id"])
    assert (await eve.post(PLANS, json=body)).status_code == 201
