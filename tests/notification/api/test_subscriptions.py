"""Subscriptions: whoever follows something is told of it, if they may read it."""

from typing import Any

import httpx2

from services.chassis.ids import new_id
from services.notification.store import subscriptions
from services.schemas import examples
from services.schemas.events.architect import ModelApproved
from services.schemas.events.executor import MilestoneAccepted, PlanCreated
from tests.harness.platform import Company
from tests.notification.happenings import Happenings, happening

SUBSCRIPTIONS = "/api/v1/notification/subscriptions"
INBOX = "/api/v1/notification/inbox"
CONTRACT = examples.event(MilestoneAccepted).data["contract_id"]


async def follow(person: httpx2.AsyncClient, **what: Any) -> dict[str, Any]:
    answer = await person.post(SUBSCRIPTIONS, json=what)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def told(person: httpx2.AsyncClient) -> list[str]:
    return [each["event_type"] for each in (await person.get(INBOX)).json()["items"]]


async def test_a_follower_is_told_of_the_thing_whichever_service_speaks_of_it(
    company: Company, happenings: Happenings
) -> None:
    sam = company.person("sam", "value-engineer")
    await follow(sam, about=CONTRACT)
    elsewhere = happening(company, MilestoneAccepted, message_id=new_id(), contract_id=str(new_id()))
    accepted = happening(company, MilestoneAccepted, message_id=new_id(), contract_id=CONTRACT)
    created = happening(company, PlanCreated, message_id=new_id(), contract_id=CONTRACT)
    await happenings.receive(elsewhere, accepted, created, accepted)
    assert sorted(await told(sam)) == [MilestoneAccepted.event_type, PlanCreated.event_type]


async def test_a_type_is_followed_whatever_it_is_about(company: Company, happenings: Happenings) -> None:
    sam = company.person("sam", "success-lead")
    made = await follow(sam, event_types=[ModelApproved.event_type])
    for kind in (ModelApproved, PlanCreated):
        await happenings.receive(happening(company, kind, message_id=new_id()))
    assert await told(sam) == [ModelApproved.event_type]
    assert (await sam.delete(f"{SUBSCRIPTIONS}/{made['id']}")).status_code == 204
    await happenings.receive(happening(company, ModelApproved, message_id=new_id()))
    assert await told(sam) == [ModelApproved.event_type]


async def test_nobody_is_told_twice_or_of_what_they_did(company: Company, happenings: Happenings) -> None:
    dana, sam = company.person("dana", "delivery-manager"), company.person("sam", "success-lead")
    for person in (dana, sam):
        await follow(person)
        await follow(person, about=CONTRACT)
    await happenings.receive(
        happening(company, PlanCreated, message_id=new_id(), actor="sam", owner="dana", contract_id=CONTRACT)
    )
    assert (await told(dana), await told(sam)) == ([PlanCreated.event_type], [])


async def test_who_may_not_read_it_is_not_told(company: Company, happenings: Happenings) -> None:
    """By their roles now, whatever they were when they began to follow."""
    nobody = company.person("nora", scopes=["notification:read", "notification:write"])
    former = company.person("fred", "success-lead")
    for person in (nobody, former):
        await follow(person)
    assert (await company.person("fred", "customer").get(INBOX)).status_code == 200
    await happenings.receive(happening(company, ModelApproved, message_id=new_id()))
    assert (await told(nobody), await told(company.person("fred", "customer"))) == ([], [])


async def test_customers_follow_nothing(company: Company) -> None:
    katrin = company.person("katrin", "customer", account=str(new_id()))
    answer = await katrin.post(SUBSCRIPTIONS, json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "customers_follow_nothing")


async def test_what_one_follows_is_one_s_own(company: Company) -> None:
    sam, dana = company.person("sam", "success-lead"), company.person("dana", "delivery-manager")
    made = await follow(sam, about=CONTRACT)
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    assert (await sam.get(path)).json() == made
    assert (await sam.get(SUBSCRIPTIONS)).json()["items"] == [made]
    assert (await dana.get(SUBSCRIPTIONS)).json()["items"] == []
    for answer in (await dana.get(path), await dana.delete(path)):
        assert answer.status_code == 404


async def test_there_is_an_end_to_it(company: Company, monkeypatch: Any) -> None:
    monkeypatch.setattr(subscriptions, "MOST", 2)
    sam = company.person("sam", "success-lead")
    for _ in range(2):
        await follow(sam)
    answer = await sam.post(SUBSCRIPTIONS, json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_subscriptions")
