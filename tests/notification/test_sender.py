"""E-mails and webhooks end to end: an event comes in, real receivers get what it says."""

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.launcher import embedded
from services.launcher.configuration import embedded_settings
from services.launcher.receivers import Mailbox, WebhookReceiver, mailbox, webhook_receiver
from services.schemas.events.architect import ModelSuperseded
from tests.harness.platform import SECRETS, TestPlatform, company_of
from tests.notification.happenings import Happenings
from tests.notification.post import Post
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="module")
async def mails() -> AsyncIterator[Mailbox]:
    async with mailbox() as box:
        yield box


@pytest.fixture(scope="module")
async def sending_room(postgres_server: PostgresServer, mails: Mailbox) -> AsyncIterator[TestPlatform]:
    """Notification with a mail server, allowed to call this machine."""
    owner_url = await postgres_server.create_database(f"sending-{uuid4().hex[:12]}")
    settings = embedded_settings(
        ["notification"],
        owner_url,
        SECRETS,
        smtp_url=mails.url,
        mail_from="ValueVerse <notes@vendor.example>",
        public_url="https://value.vendor.example/",
        allow_private_networks=True,
    )
    async with embedded.running(owner_url, settings) as platform:
        yield TestPlatform(platform)


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
async def post(sending_room: TestPlatform, mails: Mailbox, receiver: WebhookReceiver) -> AsyncIterator[Post]:
    async with company_of(sending_room) as company:
        yield Post(company, Happenings(sending_room), mails, receiver)
    mails.refusal = None


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
