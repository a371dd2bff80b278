"""What happens at once still adds up: one plan a contract, and the last acceptance is seen by somebody."""

import asyncio

import httpx2

from tests.executor.api.cases import PLANS, got, if_match, made, planned, stepped, succeeded, told
from tests.harness.platform import Company

MANY = 8


def _milestones(count: int) -> list[dict[str, str]]:
    return [{"key": f"m{n}", "label": f"Milestone {n}", "due": "2026-02-27"} for n in range(count)]


async def test_of_many_plans_for_one_contract_one_is_made(company: Company) -> None:
    dana = company.person("dana", "delivery-manager")
    await made(dana)
    body = planned()
    answers = await asyncio.gather(*(dana.post(PLANS, json=body) for _ in range(MANY)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (MANY - 1)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"plan_exists"}


async def test_acceptances_at_once_complete_the_plan_once(company: Company) -> None:
    dana, amir = company.person("dana", "delivery-manager"), company.person("amir", "approver")
    plan = await made(dana, milestones=_milestones(MANY))
    delivered = [succeeded(await stepped(dana, plan, f"m{n}", "deliver")) for n in range(MANY)]
    answers = await asyncio.gather(*(_accept(amir, plan, each) for each in delivered))
    assert [answer.status_code for answer in answers] == [200] * MANY
    assert (await got(dana, f"{PLANS}/{plan['id']}"))["state"] == "completed"
    assert await told(company, plan) == ["plan.created", *["milestone.accepted"] * MANY, "plan.completed"]


async def _accept(
    person: httpx2.AsyncClient, plan: dict[str, object], milestone: dict[str, object]
) -> httpx2.Response:
    path = f"{PLANS}/{plan['id']}/milestones/{milestone['key']}/accept"
    return await person.post(path, json={}, headers=if_match(milestone))
