"""People and how to reach them: by an operator, or by themselves."""

import asyncio
from typing import Any

import httpx2
import pytest

from services.chassis.ids import new_id
from services.schemas.events.architect import ModelApproved
from tests.harness.platform import Company
from tests.notification.happenings import Happenings, happening

RECIPIENTS = "/api/v1/notification/recipients"
ME = f"{RECIPIENTS}/me"
GRACE = {
    "sub": "grace",
    "name": "Grace Okafor",
    "email": "grace@vendor.example",
    "phone": "+4930123456",
    "locale": "de-AT",
    "time_zone": "Europe/Vienna",
    "roles": ["approver"],
}


@pytest.fixture
def operator(company: Company) -> httpx2.AsyncClient:
    return company.person("olga", "operator")


async def added(operator: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await operator.post(RECIPIENTS, json={**GRACE, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_operator_enters_somebody(operator: httpx2.AsyncClient) -> None:
    made = await added(operator)
    assert made.items() >= GRACE.items()
    read = await operator.get(f"{RECIPIENTS}/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, '"1"')


async def test_a_sub_is_entered_once(operator: httpx2.AsyncClient) -> None:
    await added(operator)
    again = await operator.post(RECIPIENTS, json={**GRACE, "name": "Another Grace"})
    assert (again.status_code, again.json()["code"]) == (409, "recipient_exists")


async def test_recipients_are_found_by_role(operator: httpx2.AsyncClient) -> None:
    await added(operator)
    await added(operator, sub="bob", roles=["value-engineer", "deal-manager"])
    for role, subs in (("approver", ["grace"]), ("deal-manager", ["bob"]), ("customer", [])):
        page = (await operator.get(RECIPIENTS, params={"role": role})).json()
        assert [item["sub"] for item in page["items"]] == subs


async def test_an_operator_changes_everything_but_the_sub(operator: httpx2.AsyncClient) -> None:
    path = f"{RECIPIENTS}/{(await added(operator))['id']}"
    fields = {"name": "Grace O.", "roles": ["value-engineer", "approver", "approver"]}
    assert (await operator.put(path, json=fields)).status_code == 428
    assert (await operator.put(path, json=fields, headers={"If-Match": '"2"'})).status_code == 412
    changed = await operator.put(path, json=fields, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json()["roles"] == ["approver", "value-engineer"]
    assert (changed.json()["sub"], changed.json()["email"]) == ("grace", None)


async def test_somebody_forgotten_leaves_no_message(
    company: Company, operator: httpx2.AsyncClient, happenings: Happenings
) -> None:
    await happenings.receive(happening(company, ModelApproved, message_id=new_id(), actor="g", owner="ada"))
    ada = company.person("ada", "value-engineer")
    me = await ada.get(ME)
    path = f"{RECIPIENTS}/{me.json()['id']}"
    assert (await operator.delete(path, headers={"If-Match": '"9"'})).status_code == 412
    assert (await operator.delete(path, headers={"If-Match": me.headers["etag"]})).status_code == 204
    assert (await operator.get(path)).status_code == 404
    assert (await operator.get("/api/v1/notification/deliveries")).json()["items"] == []
    assert (await ada.get("/api/v1/notification/inbox")).json()["items"] == []


async def test_the_first_visit_makes_a_recipient_with_the_token_s_roles(company: Company) -> None:
    me = (await company.person("grace", "approver", "customer").get(ME)).json()
    assert me.items() >= {"sub": "grace", "name": "grace", "locale": "en", "time_zone": "UTC"}.items()
    assert me["roles"] == ["approver", "customer"]


async def test_many_first_visits_at_once_make_one_recipient(
    company: Company, operator: httpx2.AsyncClient
) -> None:
    grace = company.person("grace", "approver")
    visits = await asyncio.gather(*(grace.get(ME) for _ in range(6)))
    assert {visit.status_code for visit in visits} == {200}
    assert len({visit.json()["id"] for visit in visits}) == 1


async def test_roles_follow_the_token(company: Company, operator: httpx2.AsyncClient) -> None:
    made = await added(operator)
    met = (await company.person("grace", "value-engineer").get(ME)).json()
    assert (met["id"], met["roles"], met["revision"]) == (made["id"], ["value-engineer"], 2)
    # A token that names no roles says nothing about them.
    silent = company.person("grace", scopes=["notification:read"])
    assert (await silent.get(ME)).json()["roles"] == ["value-engineer"]


async def test_a_role_that_nobody_knows_is_not_kept(company: Company) -> None:
    assert (await company.person("grace", "approver", "wizard").get(ME)).json()["roles"] == ["approver"]


async def test_people_change_their_own_profile_but_not_their_roles(company: Company) -> None:
    grace = company.person("grace", "approver")
    me = await grace.get(ME)
    profile = {key: value for key, value in GRACE.items() if key not in {"sub", "roles"}}
    changed = await grace.put(ME, json=profile, headers={"If-Match": me.headers["etag"]})
    assert changed.json().items() >= {**profile, "roles": ["approver"]}.items()
    refused = await grace.put(ME, json={**profile, "roles": ["operator"]}, headers={"If-Match": '"2"'})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/roles"


@pytest.mark.parametrize("role", ["customer", "value-engineer", "approver"])
async def test_who_is_no_operator_sees_nobody_else(
    company: Company, operator: httpx2.AsyncClient, role: str
) -> None:
    made = await added(operator)
    curious = company.person("curious", role)
    for answer in (
        await curious.get(RECIPIENTS),
        await curious.get(f"{RECIPIENTS}/{made['id']}"),
        await curious.post(RECIPIENTS, json=GRACE),
        await curious.delete(f"{RECIPIENTS}/{made['id']}", headers={"If-Match": '"1"'}),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", "../../etc/passwd"),
        ("email", "grace"),
        ("email", "grace@vendor"),
        ("email", "grace@@vendor.example"),
        ("email", "grace,eve@vendor.example"),
        ("email", "grace..okafor@vendor.example"),
        ("email", "grace@[vendor.example"),
        ("email", "grace@vendor.example\r\nBcc: eve@vendor.example"),
        ("phone", "030 123456"),
        ("locale", "klingon"),
        ("roles", ["wizard"]),
        ("sub", "two words"),
        ("name", "  "),
        ("shoe_size", 38),
    ],
)
async def test_bad_fields_are_pointed_to(operator: httpx2.AsyncClient, field: str, value: object) -> None:
    answer = await operator.post(RECIPIENTS, json={**GRACE, field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")
