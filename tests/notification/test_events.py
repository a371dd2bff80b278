"""What happened reaches the people whom it concerns, once, whatever the order and however often it comes."""

import asyncio
import itertools
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.handlers import InvalidPayload
from services.chassis.ids import new_id
from services.chassis.tables import inbox as handled
from services.chassis.tables import tenants
from services.schemas.envelope import Envelope
from services.schemas.events import EVENTS, EventPayload
from services.schemas.events.architect import (
    HypothesisRejected,
    ModelApproved,
    ModelReviewRequested,
    ModelSuperseded,
)
from services.schemas.events.platform import TenantProvisioned
from tests.harness.platform import Company
from tests.notification.happenings import Happenings, happening

INBOX = "/api/v1/notification/inbox"
ME = "/api/v1/notification/recipients/me"
CONSUMED = [spec.payload for spec in EVENTS if "notification" in spec.consumers]


async def inbox(person: httpx2.AsyncClient) -> list[dict[str, Any]]:
    answer = await person.get(INBOX)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def kinds(person: httpx2.AsyncClient) -> list[str]:
    """What is in somebody's inbox, newest first, in short: review-requested, approved, …"""
    return [item["event_type"].split(".")[2] for item in await inbox(person)]


async def come_by(*people: httpx2.AsyncClient) -> None:
    """Makes people known, with the roles of their tokens."""
    for person in people:
        assert (await person.get(ME)).status_code == 200


@pytest.mark.parametrize("kind", CONSUMED, ids=lambda kind: kind.event_type)
async def test_the_published_example_is_handled(
    company: Company, happenings: Happenings, kind: type[EventPayload]
) -> None:
    message_id = new_id()
    await happenings.receive(happening(company, kind, message_id=message_id))
    async with happenings.runtime.database.unit_of_work(Actor(company.tenant, "test")) as uow:
        assert await uow.session.scalar(select(handled.c.message_id)) == message_id


async def test_a_new_tenant_is_let_in(company: Company, happenings: Happenings) -> None:
    await happenings.receive(happening(company, TenantProvisioned, message_id=new_id(), name="acme"))
    async with happenings.runtime.database.unit_of_work(Actor(company.tenant, "test")) as uow:
        assert await uow.session.scalar(select(tenants.c.name)) == "acme"


async def test_approvers_are_asked_but_not_the_owner_or_the_requester(
    company: Company, happenings: Happenings
) -> None:
    grace = company.person("grace", "approver")
    ada = company.person("ada", "approver", "value-engineer")
    bob = company.person("bob", "approver")
    eve = company.person("eve", "value-engineer")
    await come_by(grace, ada, bob, eve)
    asked = happening(
        company, ModelReviewRequested, message_id=new_id(), actor="bob", owner="ada", requested_by="bob"
    )
    await happenings.receive(asked)
    assert [await kinds(person) for person in (grace, ada, bob, eve)] == [["review-requested"], [], [], []]


async def test_the_approval_reaches_the_owner_who_never_came_here(
    company: Company, happenings: Happenings
) -> None:
    event = happening(
        company, ModelApproved, message_id=new_id(), actor="grace", owner="ada", approved_by="grace"
    )
    before = happenings.counted("delivered")
    await happenings.receive(event)
    [message] = await inbox(company.person("ada", "value-engineer"))
    assert message["title"] == "Fewer unplanned stops at Nordwerk Pumps was approved"
    assert message["link"] == f"/api/v1/architect/models/{event.data['model_id']}"
    assert (message["event_id"], message["subject"]) == (str(event.id), event.subject)
    assert message["occurred_at"] == "2026-03-02T09:00:00Z"
    assert message["read_at"] is None
    assert happenings.counted("delivered") == before + 1


async def test_people_are_called_by_their_names(company: Company, happenings: Happenings) -> None:
    grace = company.person("grace", "approver")
    await come_by(grace)
    profile = {"name": "Grace Okafor"}
    assert (await grace.put(ME, json=profile, headers={"If-Match": '"1"'})).status_code == 200
    event = happening(company, ModelApproved, message_id=new_id(), owner="ada", approved_by="grace")
    await happenings.receive(event.model_copy(update={"actor": "grace"}))
    [message] = await inbox(company.person("ada", "value-engineer"))
    assert message["body"].startswith("Grace Okafor approved version 2")


async def test_the_other_value_engineers_read_why(company: Company, happenings: Happenings) -> None:
    ada, bob = company.person("ada", "value-engineer"), company.person("bob", "value-engineer")
    await come_by(ada, bob)
    event = happening(company, HypothesisRejected, message_id=new_id(), decided_by="ada", reason="Too small.")
    await happenings.receive(event)
    assert await inbox(ada) == []
    [message] = await inbox(bob)
    assert message["body"].endswith("The reason: Too small.")


async def test_an_event_that_concerns_nobody_is_counted(company: Company, happenings: Happenings) -> None:
    before = happenings.counted("nobody")
    await happenings.receive(happening(company, ModelReviewRequested, message_id=new_id()))
    assert happenings.counted("nobody") == before + 1


async def test_what_comes_again_is_told_once(company: Company, happenings: Happenings) -> None:
    event = happening(company, ModelApproved, message_id=new_id(), actor="grace", owner="ada")
    before = happenings.counted("delivered")
    await happenings.receive(event, event)
    await asyncio.gather(*(happenings.receive(event) for _ in range(3)))
    assert await kinds(company.person("ada", "value-engineer")) == ["approved"]
    assert happenings.counted("delivered") == before + 1


async def test_even_without_its_note_in_the_inbox_a_message_is_written_once(
    company: Company, happenings: Happenings
) -> None:
    """The unique key holds where notes were pruned before the event came again."""
    event = happening(company, ModelApproved, message_id=new_id(), actor="grace", owner="ada")
    await happenings.receive(event)
    async with happenings.runtime.database.unit_of_work(Actor(company.tenant, "test")) as uow:
        await uow.session.execute(handled.delete())
        await uow.commit()
    await happenings.receive(event)
    assert await kinds(company.person("ada", "value-engineer")) == ["approved"]


def _life(company: Company) -> list[Envelope]:
    """A model's second version: asked for, approved, and thereby the first one's end."""
    steps: list[tuple[type[EventPayload], str]] = [
        (ModelReviewRequested, "ada"),
        (ModelApproved, "grace"),
        (ModelSuperseded, "grace"),
    ]
    return [
        happening(company, kind, message_id=new_id(), sequence=sequence, actor=actor, owner="ada")
        for sequence, (kind, actor) in enumerate(steps, start=1)
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_shuffled_and_doubled_events_tell_the_same(
    company: Company, happenings: Happenings, order: tuple[int, ...]
) -> None:
    ada, zoe = company.person("ada", "value-engineer"), company.person("zoe", "approver")
    await come_by(ada, zoe)
    life = _life(company)
    await happenings.receive(*(life[index] for index in order * 2))
    assert sorted(await kinds(ada)) == ["approved", "superseded"]
    # A review that was done meanwhile is asked of nobody.
    in_order = order.index(0) < order.index(1)
    assert await kinds(zoe) == (["review-requested"] if in_order else [])


async def test_the_next_version_s_review_is_asked_for(company: Company, happenings: Happenings) -> None:
    zoe = company.person("zoe", "approver")
    await come_by(zoe)
    life = _life(company)
    again = happening(company, ModelReviewRequested, message_id=new_id(), sequence=4, owner="ada", version=3)
    await happenings.receive(*life, again)
    assert await kinds(zoe) == ["review-requested", "review-requested"]


async def test_what_is_not_the_published_language_is_poison(company: Company, happenings: Happenings) -> None:
    event = happening(company, ModelApproved, message_id=new_id(), version="two")
    with pytest.raises(InvalidPayload, match="/version"):
        await happenings.receive(event)


async def test_a_failed_attempt_leaves_no_message_and_no_count(
    company: Company, happenings: Happenings, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = happening(company, ModelApproved, message_id=new_id(), actor="grace", owner="ada")
    before = happenings.counted("delivered")
    with monkeypatch.context() as patch:
        patch.setattr("services.notification.events.Deliveries.begin", _fail)
        with pytest.raises(RuntimeError):
            await happenings.receive(event)
    assert happenings.counted("delivered") == before
    assert await inbox(company.person("ada", "value-engineer")) == []
    await happenings.receive(event)
    assert await kinds(company.person("ada", "value-engineer")) == ["approved"]


def _fail(*_arguments: object) -> None:
    raise RuntimeError("the disk is full")


async def test_four_people_in_two_tenants_see_their_own_alone(
    company: Company, other_company: Company, happenings: Happenings
) -> None:
    """The same subs in both tenants: nothing but the tenant keeps them apart."""
    here = [company.person("ada", "value-engineer"), company.person("zoe", "approver")]
    there = [other_company.person("ada", "value-engineer"), other_company.person("zoe", "approver")]
    await come_by(*here, *there)
    shared = new_id()  # even one message id in both
    await happenings.receive(
        happening(company, ModelApproved, message_id=shared, actor="grace", owner="ada", name="Here"),
        happening(other_company, ModelApproved, message_id=shared, actor="grace", owner="ada", name="There"),
        happening(other_company, ModelReviewRequested, message_id=new_id(), owner="ada", name="There, again"),
    )
    seen = [[message["title"] for message in await inbox(person)] for person in (*here, *there)]
    assert seen == [["Here was approved"], [], ["There was approved"], ["There, again waits for your review"]]
    everything = [message for person in (*here, *there) for message in await inbox(person)]
    for message, person in itertools.product(everything, (*here, *there)):
        is_own = message in await inbox(person)
        assert (await person.get(f"{INBOX}/{message['id']}")).status_code == (200 if is_own else 404)
        if not is_own:
            assert (await person.post(f"{INBOX}/{message['id']}/read")).status_code == 404
