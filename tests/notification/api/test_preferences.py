"""Preferences by REST: what a person chooses holds from the next event on."""

from typing import Any

import httpx2

from services.schemas.events.architect import ModelSuperseded
from services.schemas.events.executor import MilestoneAccepted
from tests.harness.platform import Company
from tests.notification.post import Post

PREFERENCES = "/api/v1/notification/preferences"
ACCEPTED, SUPERSEDED = MilestoneAccepted.event_type, ModelSuperseded.event_type


async def channels(person: httpx2.AsyncClient) -> dict[str, list[str]]:
    items = (await person.get(PREFERENCES)).json()["items"]
    return {each["event_type"]: each["channels"] for each in items}


async def put(person: httpx2.AsyncClient, etag: str, **choices: list[str]) -> httpx2.Response:
    body = {"choices": [{"event_type": kind, "channels": chosen} for kind, chosen in choices.items()]}
    return await person.put(PREFERENCES, json=body, headers={"If-Match": etag})


async def test_by_default_what_asks_or_is_about_money_is_mailed_too(company: Company) -> None:
    dana = company.person("dana", "delivery-manager")
    found = await channels(dana)
    assert found[ACCEPTED] == ["in-app", "email"]
    assert found[SUPERSEDED] == ["in-app"]
    assert all("in-app" in each for each in found.values())


async def test_what_is_chosen_holds_from_the_next_event_on(post: Post) -> None:
    await post.recipient()
    dana = post.company.person("dana", "delivery-manager")
    assert (await put(dana, '"0"', **{ACCEPTED: [], SUPERSEDED: ["email"]})).status_code == 200
    await post.happen()
    await post.happen(ModelSuperseded)
    await post.came(lambda: post.mailbox.to(post.address))
    assert [each["event_type"] for each in await post.deliveries("email")] == [SUPERSEDED]
    assert await post.deliveries("in-app") == []
    assert (await dana.get("/api/v1/notification/inbox")).json()["items"] == []


async def test_what_is_left_out_is_the_default_again(company: Company) -> None:
    dana = company.person("dana", "delivery-manager")
    first = await put(dana, '"0"', **{ACCEPTED: ["in-app"]})
    assert first.headers["etag"] == '"1"'
    chosen: list[dict[str, Any]] = [each for each in first.json()["items"] if not each["is_default"]]
    assert chosen == [{"event_type": ACCEPTED, "channels": ["in-app"], "is_default": False}]
    again = await put(dana, '"1"')
    assert (again.json()["revision"], (await channels(dana))[ACCEPTED]) == (2, ["in-app", "email"])


async def test_two_at_once_do_not_overwrite_each_other(company: Company) -> None:
    dana = company.person("dana", "delivery-manager")
    assert (await put(dana, '"0"', **{ACCEPTED: ["in-app"]})).status_code == 200
    for etag in ('"0"', '"7"'):
        assert (await put(dana, etag)).status_code == 412
    assert (await channels(dana))[ACCEPTED] == ["in-app"]


async def test_webhooks_are_not_a_person_s_to_choose(company: Company) -> None:
    answer = await put(company.person("dana", "delivery-manager"), '"0"', **{ACCEPTED: ["webhook"]})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/choices/0/channels/0"]
