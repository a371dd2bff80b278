"""What an operator sees of what was told."""

from services.chassis.ids import new_id
from services.schemas.events.architect import HypothesisAccepted, ModelApproved
from tests.harness.platform import Company
from tests.notification.happenings import Happenings, happening
from tests.notification.post import Post

DELIVERIES = "/api/v1/notification/deliveries"
ME = "/api/v1/notification/recipients/me"
INBOX = "/api/v1/notification/inbox"


async def test_deliveries_are_found_by_event_and_by_recipient(
    company: Company, happenings: Happenings
) -> None:
    ada, bob = (company.person(sub, "value-engineer") for sub in ("ada", "bob"))
    for person in (ada, bob):
        await person.get(ME)
    accepted = happening(company, HypothesisAccepted, message_id=new_id(), actor="eve", decided_by="eve")
    approved = happening(company, ModelApproved, message_id=new_id(), actor="grace", owner="ada")
    await happenings.receive(accepted, approved)
    [message, _] = (await ada.get(INBOX)).json()["items"]
    await ada.post(f"{INBOX}/{message['id']}/read")

    operator = company.person("olga", "operator")
    everything = (await operator.get(DELIVERIES)).json()["items"]
    assert sorted((each["event_id"], each["recipient"], each["state"]) for each in everything) == sorted(
        [
            (str(accepted.id), "ada", "delivered"),
            (str(accepted.id), "bob", "delivered"),
            (str(approved.id), "ada", "read"),
        ]
    )
    of_event = (await operator.get(DELIVERIES, params={"event_id": str(accepted.id)})).json()["items"]
    assert {each["recipient"] for each in of_event} == {"ada", "bob"}
    of_ada = (await operator.get(DELIVERIES, params={"recipient": "ada"})).json()["items"]
    assert [each["event_id"] for each in of_ada] == [str(approved.id), str(accepted.id)]
    assert {each["channel"] for each in everything} == {"in-app"}


async def test_deliveries_are_found_by_channel_state_and_subject(post: Post) -> None:
    await post.recipient()
    endpoint = await post.endpoint()
    await post.happen()
    await post.delivery("email", "delivered")
    await post.delivery("webhook", "delivered")
    [mail] = await post.deliveries("email")
    for query, count in (
        ({"channel": "webhook"}, 1),
        ({"endpoint_id": endpoint["id"]}, 1),
        ({"state": "delivered"}, 3),
        ({"state": "dead"}, 0),
        ({"subject": mail["subject"]}, 3),
        ({"subject": str(new_id())}, 0),
        ({"recipient": "dana", "channel": "email", "state": "delivered"}, 1),
    ):
        assert len((await post.got("deliveries", **query))["items"]) == count, query
    assert await post.got(f"deliveries/{mail['id']}") == mail


async def test_what_is_in_the_inbox_is_not_sent_once_more(post: Post) -> None:
    await post.recipient()
    await post.happen()
    [delivery] = await post.deliveries("in-app")
    answer = await post.operator.post(f"{DELIVERIES}/{delivery['id']}/replay")
    assert (answer.status_code, answer.json()["code"]) == (409, "delivery_state")


async def test_what_was_delivered_is_sent_once_more_with_the_same_id(post: Post) -> None:
    await post.endpoint()
    await post.happen()
    delivery = await post.delivery("webhook", "delivered")
    await post.posted(f"deliveries/{delivery['id']}/replay")
    await post.came(lambda: len(post.receiver.calls) >= 2)
    assert {call.id for call in post.receiver.calls} == {delivery["id"]}


async def test_deliveries_do_not_tell_the_words(company: Company, happenings: Happenings) -> None:
    await happenings.receive(happening(company, ModelApproved, message_id=new_id(), actor="g", owner="ada"))
    [delivery] = (await company.person("olga", "operator").get(DELIVERIES)).json()["items"]
    assert not delivery.keys() & {"title", "body", "link"}


async def test_deliveries_come_in_pages(company: Company, happenings: Happenings) -> None:
    for _ in range(3):
        await happenings.receive(
            happening(company, ModelApproved, message_id=new_id(), actor="g", owner="ada")
        )
    operator = company.person("olga", "operator")
    first = (await operator.get(DELIVERIES, params={"limit": 2})).json()
    second = (await operator.get(DELIVERIES, params={"limit": 2, "cursor": first["next"]})).json()
    assert len({each["id"] for each in first["items"] + second["items"]}) == 3


async def test_only_operators_see_them(company: Company) -> None:
    assert (await company.person("ada", "value-engineer").get(DELIVERIES)).status_code == 403
