"""Endpoints by REST: secrets are shown once, addresses are checked, versions are compared."""

from typing import Any

import pytest

from services.notification.domain.preferences import DEFAULTS
from tests.harness.platform import Company
from tests.notification.post import Post

ENDPOINTS = "/api/v1/notification/endpoints"
BODY: dict[str, Any] = {"url": "https://hooks.customer.example/a", "description": "The ERP."}


async def test_a_secret_is_shown_when_it_is_made_and_never_again(post: Post) -> None:
    made = await post.posted("endpoints", BODY)
    assert made["secret"].startswith("whsec_")
    path = f"endpoints/{made['id']}"
    read = await post.got(path)
    assert read == {field: value for field, value in made.items() if field != "secret"}
    assert (await post.got("endpoints"))["items"] == [read]
    rotated = await post.posted(f"{path}/rotate")
    assert rotated["secret"] not in {made["secret"], ""}
    assert rotated["revision"] == 2
    assert not (await post.got(path)).keys() & {"secret", "secrets"}


async def test_an_endpoint_is_replaced_at_the_version_that_was_read(post: Post) -> None:
    made = await post.posted("endpoints", BODY)
    path = f"{ENDPOINTS}/{made['id']}"
    new = {**BODY, "event_types": [*DEFAULTS][:2], "state": "disabled"}
    assert (await post.operator.put(path, json=new)).status_code == 428
    replaced = await post.operator.put(path, json=new, headers={"If-Match": '"1"'})
    assert replaced.status_code == 200, replaced.text
    assert replaced.headers["etag"] == '"2"'
    assert (replaced.json()["event_types"], replaced.json()["disabled_because"]) == (
        sorted([*DEFAULTS][:2]),
        "by-hand",
    )
    assert (await post.operator.put(path, json=new, headers={"If-Match": '"1"'})).status_code == 412
    assert (await post.operator.delete(path, headers={"If-Match": '"2"'})).status_code == 204
    assert (await post.operator.get(path)).status_code == 404


async def test_why_an_endpoint_is_disabled_survives_a_change_of_its_words(post: Post) -> None:
    made = await post.endpoint()
    post.receiver.status = 410
    await post.happen()
    await post.delivery("webhook", "dead")
    body = {"url": post.receiver.url, "description": "Gone.", "state": "disabled"}
    path = f"{ENDPOINTS}/{made['id']}"
    changed = await post.operator.put(path, json=body, headers={"If-Match": '"2"'})
    assert changed.json()["disabled_because"] == "gone"


async def test_what_rotates_twice_ends_the_first_secret_at_once(post: Post) -> None:
    made = await post.endpoint()
    await post.posted(f"endpoints/{made['id']}/rotate")
    await post.posted(f"endpoints/{made['id']}/rotate", etag='"2"')
    await post.happen()
    [call] = await post.came(lambda: post.receiver.calls)
    assert len(call.headers["webhook-signature"].split()) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.customer.example/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://169.254.169.254/latest/meta-data",
        "https://user:password@hooks.customer.example/",
        "ftp://hooks.customer.example/",
        "hooks",
    ],
)
async def test_an_address_that_is_not_to_be_called_is_refused(company: Company, url: str) -> None:
    answer = await company.person("olga", "operator").post(ENDPOINTS, json={"url": url})
    assert answer.status_code == 422, answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/url"]


async def test_a_type_that_nobody_emits_is_refused(company: Company) -> None:
    body = {**BODY, "event_types": ["architect.model.forgotten.v1"]}
    answer = await company.person("olga", "operator").post(ENDPOINTS, json=body)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/event_types/0"]


async def test_only_operators_come_near(company: Company) -> None:
    for role in ("success-lead", "customer"):
        person = company.person("sam", role)
        assert (await person.get(ENDPOINTS)).status_code == 403
        assert (await person.post(ENDPOINTS, json=BODY)).status_code == 403
