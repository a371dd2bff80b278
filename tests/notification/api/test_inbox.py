"""A person's own inbox by REST."""

import httpx2
import pytest

from services.chassis.ids import new_id
from services.schemas.events.architect import ModelApproved
from tests.harness.platform import Company
from tests.notification.happenings import Happenings, happening

INBOX = "/api/v1/notification/inbox"


@pytest.fixture
async def ada(company: Company, happenings: Happenings) -> httpx2.AsyncClient:
    """Has five messages: about model 0, 1, …, 4."""
    await happenings.receive(
        *(
            happening(
                company, ModelApproved, message_id=new_id(), actor="grace", owner="ada", name=f"M{number}"
            )
            for number in range(5)
        )
    )
    return company.person("ada", "value-engineer")


async def titles(person: httpx2.AsyncClient, **query: str | int) -> list[str]:
    items = (await person.get(INBOX, params=query)).json()["items"]
    return [item["title"].removesuffix(" was approved") for item in items]


async def test_newest_comes_first(ada: httpx2.AsyncClient) -> None:
    assert await titles(ada) == ["M4", "M3", "M2", "M1", "M0"]


async def test_pages_follow_each_other(ada: httpx2.AsyncClient) -> None:
    first = (await ada.get(INBOX, params={"limit": 3})).json()
    second = (await ada.get(INBOX, params={"limit": 3, "cursor": first["next"]})).json()
    assert [len(page["items"]) for page in (first, second)] == [3, 2]
    assert second["next"] is None
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted(set(ids), reverse=True)


async def test_what_is_read_is_no_longer_unread(ada: httpx2.AsyncClient, happenings: Happenings) -> None:
    newest = (await ada.get(INBOX)).json()["items"][0]
    before = happenings.counted("read")
    answer = await ada.post(f"{INBOX}/{newest['id']}/read")
    assert answer.status_code == 200
    assert answer.json()["read_at"] >= newest["created_at"]
    assert await titles(ada, unread="true") == ["M3", "M2", "M1", "M0"]
    assert await titles(ada, unread="false") == ["M4"]
    assert (await ada.get(f"{INBOX}/unread-count")).json() == {"unread": 4}
    assert (await ada.get(f"{INBOX}/{newest['id']}")).json() == answer.json()
    assert happenings.counted("read") == before + 1


async def test_reading_again_keeps_the_first_time(ada: httpx2.AsyncClient, happenings: Happenings) -> None:
    newest = (await ada.get(INBOX)).json()["items"][0]
    before = happenings.counted("read")
    answers = [(await ada.post(f"{INBOX}/{newest['id']}/read")).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert happenings.counted("read") == before + 1


async def test_looking_at_a_message_does_not_mark_it(ada: httpx2.AsyncClient) -> None:
    newest = (await ada.get(INBOX)).json()["items"][0]
    assert (await ada.get(f"{INBOX}/{newest['id']}")).json()["read_at"] is None


async def test_an_empty_inbox_is_empty(company: Company) -> None:
    newcomer = company.person("newcomer", "success-lead")
    assert (await newcomer.get(INBOX)).json() == {"items": [], "next": None}
    assert (await newcomer.get(f"{INBOX}/unread-count")).json() == {"unread": 0}


async def test_no_message_is_404(ada: httpx2.AsyncClient) -> None:
    answer = await ada.post(f"{INBOX}/{new_id()}/read")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
