"""E-mails and webhooks end to end: an event comes in, real receivers get what it says."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.database import Database
from services.chassis.ids import new_id
from services.launcher.receivers import webhook_receiver
from services.notification.domain.sending import MOST_ATTEMPTS, Outcome, Result, Unsendable
from services.notification.sender import Sender
from services.notification.store import outstanding
from services.notification.store.outgoing import Outgoing
from services.notification.store.outstanding import Claimed
from services.schemas.events.architect import ModelApproved, ModelSuperseded
from services.schemas.events.executor import MilestoneAccepted
from tests.harness.platform import Company
from tests.harness.waiting import eventually
from tests.notification.happenings import Happenings, happening
from tests.notification.post import Post


async def test_an_event_becomes_an_e_mail(post: Post) -> None:
    before = post.happenings.counted("delivered", channel="email")
    await post.recipient()
    await post.happen(label="Go-live", name="Nordwerk", accepted_by="katrin")
    [mail] = await post.came(lambda: post.mailbox.to(post.address))
    delivery = await post.delivery("email", "delivered")
    assert mail["Subject"] == "Accepted: Go-live"
    assert (mail["From"], mail["To"]) == (
        "ValueVerse <notes@vendor.example>",
        f"Dana Weber <{post.address}>",
    )
    assert mail["Message-ID"] == f"<{delivery['id']}@vendor.example>"
    assert mail["X-ValueVerse-Delivery"] == delivery["id"]
    text = mail.get_content()
    assert "katrin accepted Go-live of Nordwerk" in text
    assert "\nhttps://value.vendor.example/api/v1/executor/plans/" in text.replace("\r\n", "\n")
    assert (delivery["attempts"], delivery["recipient"], delivery["reason"]) == (1, "dana", None)
    assert delivery["delivered_at"] is not None
    assert post.happenings.counted("delivered", channel="email") == before + 1


async def test_an_event_becomes_a_signed_call(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.happen(label="Go-live")
    [call] = await post.came(lambda: post.receiver.calls)
    call.verify(endpoint["secret"])
    delivery = await post.delivery("webhook", "delivered")
    event = json.loads(call.body)
    assert call.id == delivery["id"]
    assert call.headers["content-type"] == "application/cloudevents+json"
    assert (event["type"], event["source"], event["sequence"]) == (
        "executor.milestone.accepted.v1",
        "value-executor",
        1,
    )
    assert (event["id"], event["subject"]) == (delivery["event_id"], delivery["subject"])
    assert event["data"]["label"] == "Go-live"
    assert (delivery["endpoint_id"], delivery["recipient"]) == (endpoint["id"], None)


async def test_what_only_tells_stays_in_the_inbox(post: Post) -> None:
    await post.recipient()
    await post.happen(ModelSuperseded)
    assert len(await post.deliveries("in-app")) == 1
    assert await post.deliveries("email") == []


async def test_doubled_and_shuffled_events_are_sent_once(post: Post) -> None:
    await post.recipient()
    await post.endpoint()
    events = [
        happening(post.company, MilestoneAccepted, message_id=new_id(), sequence=number, owner="dana")
        for number in (1, 2)
    ]
    await post.happenings.receive(*reversed(events * 2))
    for channel in ("email", "webhook"):
        assert len(await post.deliveries(channel)) == 2
    await post.came(lambda: len(post.mailbox.to(post.address)) >= 2)
    await post.came(lambda: len(post.receiver.calls) >= 2)
    sent = {mail["X-ValueVerse-Delivery"] for mail in post.mailbox.to(post.address)}
    called = {call.id for call in post.receiver.calls}
    assert sent == {each["id"] for each in await post.deliveries("email")}
    assert called == {each["id"] for each in await post.deliveries("webhook")}


async def test_without_an_address_nothing_is_sent_and_the_delivery_says_so(post: Post) -> None:
    await post.recipient(email=None)
    await post.happen()
    delivery = await post.delivery("email", "suppressed")
    assert delivery["reason"] == "The recipient has no e-mail address."


async def test_without_a_mail_server_nothing_is_sent_and_the_delivery_says_so(
    company: Company, happenings: Happenings, post: Post
) -> None:
    elsewhere = Post(company, happenings, post.mailbox, post.receiver)
    await elsewhere.recipient()
    await elsewhere.happen()
    delivery = await elsewhere.delivery("email", "suppressed")
    assert delivery["reason"] == "There is no mail server: SMTP_URL is empty."
    assert post.mailbox.to(elsewhere.address) == []


async def test_an_address_that_is_refused_for_good_gets_no_more(post: Post) -> None:
    await post.recipient()
    post.mailbox.refusal = "550 no such user here"
    await post.happen()
    refused = await post.delivery("email", "dead")
    assert (refused["reason"], refused["attempts"]) == ("550 no such user here", 1)
    [suppression] = (await post.got("suppressions", address=post.address.upper()))["items"]
    assert (suppression["address"], suppression["cause"]) == (post.address, "refused")
    post.mailbox.refusal = None

    await post.posted(f"deliveries/{refused['id']}/replay")
    suppressed = await post.delivery("email", "suppressed")
    assert suppressed["reason"] == "The address is suppressed: 550 no such user here"

    await post.operator.delete(f"/api/v1/notification/suppressions/{suppression['id']}")
    await post.posted(f"deliveries/{refused['id']}/replay")
    assert (await post.delivery("email", "delivered"))["reason"] is None
    [mail] = post.mailbox.to(post.address)
    assert mail["X-ValueVerse-Delivery"] == refused["id"]


async def test_a_refusal_for_now_is_tried_again_after_a_pause(post: Post) -> None:
    await post.recipient()
    post.mailbox.refusal = "451 try again later"
    before = datetime.now(UTC)
    await post.happen()
    waiting = await post.delivery("email", "retrying")
    assert (waiting["reason"], waiting["attempts"]) == ("451 try again later", 1)
    pause = datetime.fromisoformat(waiting["next_attempt_at"]) - before
    assert pause > timedelta(seconds=4)
    post.mailbox.refusal = None
    await post.let_pauses_pass()
    assert (await post.delivery("email", "delivered"))["attempts"] == 2
    assert (await post.got("suppressions"))["items"] == []


async def test_what_fails_too_often_is_dead_until_an_operator_replays_it(post: Post) -> None:
    await post.endpoint()
    post.receiver.status = 503
    await post.happen()
    for attempt in range(1, MOST_ATTEMPTS):
        await _attempted(post, attempt)
        await post.let_pauses_pass()
    dead = await post.delivery("webhook", "dead")
    assert (dead["attempts"], dead["reason"]) == (MOST_ATTEMPTS, "It answered 503.")
    assert {call.id for call in post.receiver.calls} == {dead["id"]}
    post.receiver.status = 200
    replayed = await post.posted(f"deliveries/{dead['id']}/replay")
    assert (replayed["state"], replayed["attempts"]) == ("pending", 0)
    assert (await post.delivery("webhook", "delivered"))["attempts"] == 1
    assert {call.id for call in post.receiver.calls} == {dead["id"]}


async def _attempted(post: Post, times: int) -> None:
    async def so_often() -> bool:
        await post.sender.run_once()
        [delivery] = await post.deliveries("webhook", state="retrying") or [{"attempts": 0}]
        return bool(delivery["attempts"] == times)

    await eventually(so_often)


async def test_a_sender_that_dies_before_it_notes_leaves_it_to_the_next(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: what was sent comes again, with the same id."""
    await post.recipient()
    await post.endpoint()
    with monkeypatch.context() as patch:
        patch.setattr("services.notification.sender.Outgoing.settle", _die)
        await post.happen()
        await post.came(lambda: post.receiver.calls and post.mailbox.to(post.address))
        for channel in ("email", "webhook"):
            assert (await post.delivery(channel, "sending"))["attempts"] == 1
    await post.let_pauses_pass()
    for channel in ("email", "webhook"):
        assert (await post.delivery(channel, "delivered"))["attempts"] == 2
    first, second = post.receiver.calls
    assert (first.id, first.body) == (second.id, second.body)
    one, other = post.mailbox.to(post.address)
    assert one["Message-ID"] == other["Message-ID"]


async def _die(*_arguments: object) -> None:
    raise ConnectionResetError


async def test_a_sender_that_comes_late_is_not_heard(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease ran out, and another has it: neither opens nor settles what is not theirs."""
    await post.endpoint()
    claim = outstanding.claim
    with monkeypatch.context() as patch:
        patch.setattr("services.notification.sender.outstanding.claim", _nothing)
        await post.happen()
        claimed = await claim(post.runtime.database, size=100, duration=timedelta())
    await post.delivery("webhook", "delivered")
    [delivery] = await post.deliveries("webhook")
    [late] = [each for each in claimed if str(each.delivery_id) == delivery["id"]]
    async with post.runtime.database.unit_of_work(post.happenings.actor_of(post.company)) as uow:
        outgoing = Outgoing(uow, late)
        assert await outgoing.open() is None
        assert await outgoing.settle(Unsendable("late"), Outcome(Result.NOT_SENT)) is None
    assert delivery["attempts"] == 2


async def _nothing(*_arguments: object, **_named: object) -> list[object]:
    return []


async def test_a_sender_that_is_stopped_hands_back_what_it_holds(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post.endpoint()
    claim, stopped = outstanding.claim, Sender(post.runtime)
    reached = asyncio.Event()
    task: asyncio.Task[bool] | None = None

    async def only_by_it(database: Database, *, size: int, duration: timedelta) -> Sequence[Claimed]:
        mine = asyncio.current_task() is task
        return await claim(database, size=size, duration=duration) if mine else []

    async def hang(*_arguments: object) -> Outcome:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr("services.notification.sender.outstanding.claim", only_by_it)
        patch.setattr(stopped, "_attempt", hang)
        await post.happen()
        task = asyncio.create_task(stopped.run_once())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await post.delivery("webhook", "delivered"))["attempts"] == 1


async def test_410_ends_an_endpoint_until_it_is_active_again(post: Post) -> None:
    endpoint = await post.endpoint()
    post.receiver.status = 410
    await post.happen()
    dead = await post.delivery("webhook", "dead")
    gone = await post.got(f"endpoints/{endpoint['id']}")
    assert (gone["state"], gone["disabled_because"], gone["revision"]) == ("disabled", "gone", 2)
    post.receiver.status = 200
    await post.happen()
    assert len(await post.deliveries("webhook")) == 1, "nothing is put before a disabled endpoint"
    await post.posted(f"deliveries/{dead['id']}/replay")
    assert (await post.delivery("webhook", "suppressed"))["reason"] == "The endpoint is disabled: gone."
    again = {"url": post.receiver.url, "state": "active"}
    path = f"/api/v1/notification/endpoints/{endpoint['id']}"
    answer = await post.operator.put(path, json=again, headers={"If-Match": '"2"'})
    assert (answer.status_code, answer.json()["disabled_because"]) == (200, None)
    await post.posted(f"deliveries/{dead['id']}/replay")
    await post.delivery("webhook", "delivered")


async def test_an_endpoint_that_only_fails_is_disabled_after_three_days(post: Post) -> None:
    endpoint = await post.endpoint()
    post.receiver.status = 500
    await post.happen()
    await post.delivery("webhook", "retrying")
    failing = await post.got(f"endpoints/{endpoint['id']}")
    assert failing["failing_since"] is not None
    assert failing["state"] == "active"
    await post.changed("UPDATE endpoints SET failing_since = failing_since - interval '3 days'")
    await post.let_pauses_pass()
    await post.came(lambda: len(post.receiver.calls) >= 2)
    await post.let_pauses_pass()
    assert (await post.delivery("webhook", "suppressed"))["reason"] == "The endpoint is disabled: failing."


async def test_one_success_and_an_endpoint_fails_no_longer(post: Post) -> None:
    endpoint = await post.endpoint()
    await post.changed("UPDATE endpoints SET failing_since = now() - interval '2 days'")
    await post.happen()
    await post.delivery("webhook", "delivered")
    assert (await post.got(f"endpoints/{endpoint['id']}"))["failing_since"] is None


async def test_an_endpoint_gets_the_types_that_it_asked_for(post: Post) -> None:
    await post.endpoint(event_types=["architect.model.approved.v1"])
    await post.happen()
    await post.happen(ModelApproved)
    [delivery] = await post.deliveries("webhook")
    assert delivery["event_type"] == "architect.model.approved.v1"


async def test_for_a_day_both_secrets_sign(post: Post) -> None:
    endpoint = await post.endpoint()
    rotated = await post.posted(f"endpoints/{endpoint['id']}/rotate")
    assert rotated["secret"] != endpoint["secret"]
    await post.happen()
    [call] = await post.came(lambda: post.receiver.calls)
    for secret in (endpoint["secret"], rotated["secret"]):
        call.verify(secret)
    await post.changed("UPDATE endpoint_secrets SET expires_at = expires_at - interval '24 hours'")
    await post.happen()
    await post.came(lambda: len(post.receiver.calls) >= 2)
    assert len(post.receiver.calls[1].headers["webhook-signature"].split()) == 1
    post.receiver.calls[1].verify(rotated["secret"])


async def test_a_redirect_is_not_followed(post: Post) -> None:
    await post.endpoint()
    post.receiver.status = 307
    await post.happen()
    assert (await post.delivery("webhook", "retrying"))["reason"] == "It answered 307."


async def test_one_receiver_that_is_away_does_not_keep_the_others_waiting(post: Post) -> None:
    async with webhook_receiver() as gone:
        pass
    away = await post.endpoint(url=gone.url)
    there = await post.endpoint()
    await post.happen()
    await post.came(lambda: post.receiver.calls)

    async def noted() -> bool:
        await post.sender.run_once()
        states = {each["endpoint_id"]: each["state"] for each in await post.deliveries("webhook")}
        return states == {away["id"]: "retrying", there["id"]: "delivered"}

    await eventually(noted)


async def test_what_nobody_thought_of_is_an_attempt_that_failed(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post.endpoint()
    monkeypatch.setattr("services.notification.clients.WebhookCaller.send", _break)
    await post.happen()
    assert (await post.delivery("webhook", "retrying"))["reason"] == "ZeroDivisionError: odd"


async def _break(*_arguments: object) -> None:
    raise ZeroDivisionError("odd")


async def test_another_tenant_s_post_is_not_ours(post: Post, sending_company: Company) -> None:
    await post.endpoint()
    await post.recipient()
    there = Post(sending_company, post.happenings, post.mailbox, post.receiver)
    await there.recipient()
    await there.happen()
    await there.delivery("email", "delivered")
    assert post.mailbox.to(post.address) == []
    assert post.receiver.calls == []
    [delivery] = await there.deliveries("email")
    assert await post.deliveries("email") == []
    answer = await post.operator.post(f"/api/v1/notification/deliveries/{delivery['id']}/replay")
    assert answer.status_code == 404
