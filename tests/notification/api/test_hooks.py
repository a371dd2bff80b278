"""Unsubscribing from within an e-mail, as a mail program does it: without a token."""

from urllib.parse import urlsplit

from services.chassis.ids import new_id
from services.notification.domain.unsubscribing import Links, Unsubscription
from services.schemas.events.committer import SettlementIssued
from services.schemas.events.executor import MilestoneAccepted
from tests.harness.platform import SECRETS
from tests.notification.post import Post

BODY = {"List-Unsubscribe": "One-Click"}


async def test_one_click_ends_mail_of_that_type_alone(post: Post) -> None:
    await post.recipient()
    await post.happen()
    [mail] = await post.came(lambda: post.mailbox.to(post.address))
    link = urlsplit(mail["List-Unsubscribe"].strip("<>"))
    async with post.company.platform.client() as mail_program:
        for _ in range(2):
            answer = await mail_program.post(link.path, data=BODY)
            assert answer.status_code == 204, answer.text
    await post.happen()
    await post.happen(SettlementIssued)
    assert [each["event_type"] for each in await post.deliveries("email")] == [
        SettlementIssued.event_type,
        MilestoneAccepted.event_type,
    ]
    assert len(await post.deliveries("in-app")) == 3
    dana = post.company.person("dana", "delivery-manager")
    items = (await dana.get("/api/v1/notification/preferences")).json()["items"]
    assert {each["event_type"]: each["channels"] for each in items if not each["is_default"]} == {
        MilestoneAccepted.event_type: ["in-app"]
    }


async def test_a_link_that_nobody_made_finds_nothing(post: Post) -> None:
    foreign = Links("another secret").id_of(
        Unsubscription(post.company.tenant, new_id(), MilestoneAccepted.event_type)
    )
    forgotten = Links(SECRETS.internal_jwt_secret).id_of(
        Unsubscription(post.company.tenant, new_id(), MilestoneAccepted.event_type)
    )
    async with post.company.platform.client() as mail_program:
        for link_id in ("x", foreign, forgotten):
            answer = await mail_program.post(f"/api/v1/notification/hooks/{link_id}", data=BODY)
            assert answer.status_code == 404, answer.text


async def test_looking_at_a_link_changes_nothing(post: Post) -> None:
    """Mail scanners follow links; only a POST unsubscribes."""
    async with post.company.platform.client() as scanner:
        answer = await scanner.get("/api/v1/notification/hooks/x")
    assert answer.status_code == 405
