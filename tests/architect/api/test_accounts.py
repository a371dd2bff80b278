"""Accounts are kept, changed under their ETag, and stay their tenant's."""

from typing import Any

import httpx2
import pytest

from tests.architect.api.cases import ACCOUNTS, BANK, HYPOTHESES, PUMPS, got, posted, proposed
from tests.harness.platform import Company


@pytest.fixture
def ada(company: Company) -> httpx2.AsyncClient:
    return company.person("ada", "value-engineer")


async def test_an_account_comes_back_as_it_was_given(ada: httpx2.AsyncClient) -> None:
    made = await posted(ada, ACCOUNTS, PUMPS)
    read = await ada.get(f"{ACCOUNTS}/{made['id']}")
    assert read.json() == made
    assert {name: made[name] for name in PUMPS} == PUMPS
    assert read.headers["etag"] == '"1"'


async def test_a_change_names_the_revision_it_read(ada: httpx2.AsyncClient) -> None:
    account = await posted(ada, ACCOUNTS, PUMPS)
    path = f"{ACCOUNTS}/{account['id']}"
    assert (await ada.put(path, json=PUMPS)).status_code == 428
    changed = await ada.put(path, json={**PUMPS, "employees": 1900}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    assert changed.json()["employees"] == 1900
    assert changed.headers["etag"] == '"2"'
    assert (await ada.put(path, json=PUMPS, headers={"If-Match": '"1"'})).status_code == 412


async def test_an_account_that_nothing_stands_on_can_go(ada: httpx2.AsyncClient) -> None:
    account = await posted(ada, ACCOUNTS, PUMPS)
    path = f"{ACCOUNTS}/{account['id']}"
    assert (await ada.delete(path, headers={"If-Match": '"1"'})).status_code == 204
    assert (await ada.get(path)).status_code == 404


async def test_an_account_in_use_stays_and_keeps_its_currency(ada: httpx2.AsyncClient) -> None:
    [hypothesis, *_] = await proposed(ada, PUMPS)
    path = f"{ACCOUNTS}/{hypothesis['account_id']}"
    gone = await ada.delete(path, headers={"If-Match": '"1"'})
    assert (gone.status_code, gone.json()["code"]) == (409, "account_in_use")
    dollars = {**PUMPS, "currency": "USD", "annual_revenue": {"amount": "1.00", "currency": "USD"}}
    assert (await ada.put(path, json=dollars, headers={"If-Match": '"1"'})).status_code == 409


async def test_lists_are_narrowed_by_name_and_industry(ada: httpx2.AsyncClient) -> None:
    pumps, bank = await posted(ada, ACCOUNTS, PUMPS), await posted(ada, ACCOUNTS, BANK)
    assert (await got(ada, ACCOUNTS))["items"] == [bank, pumps]
    assert (await got(ada, ACCOUNTS, industry="manufacturing"))["items"] == [pumps]
    assert (await got(ada, ACCOUNTS, name="Harbour Savings"))["items"] == [bank]
    first = await got(ada, ACCOUNTS, limit=1)
    assert (await got(ada, ACCOUNTS, limit=1, cursor=first["next"]))["items"] == [pumps]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"annual_revenue": {"amount": "1.00", "currency": "USD"}}, ""),
        ({"annual_revenue": {"amount": "-1.00", "currency": "EUR"}}, ""),
        ({"annual_revenue": {"amount": "1E-20000", "currency": "EUR"}}, ""),
        ({"annual_revenue": {"amount": "1E+20000", "currency": "EUR"}}, ""),
        ({"employees": "many"}, "/employees"),
        ({"pains": ["Down time"]}, "/pains/0"),
        ({"unheard_of": 1}, "/unheard_of"),
        ({"currency": "euro"}, "/currency"),
    ],
)
async def test_what_is_wrong_is_pointed_at(
    ada: httpx2.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    answer = await ada.post(ACCOUNTS, json={**PUMPS, **change})
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_the_same_key_makes_one_account(ada: httpx2.AsyncClient) -> None:
    first = await posted(ada, ACCOUNTS, PUMPS, **{"Idempotency-Key": "pumps-1"})
    again = await posted(ada, ACCOUNTS, PUMPS, **{"Idempotency-Key": "pumps-1"})
    assert again == first
    assert len((await got(ada, ACCOUNTS))["items"]) == 1


async def test_a_customer_sees_its_own_account_alone(company: Company, ada: httpx2.AsyncClient) -> None:
    [ours, *_] = await proposed(ada, PUMPS)
    [theirs, *_] = await proposed(ada, BANK)
    customer = company.person("jana", "customer", account=ours["account_id"])
    assert [each["id"] for each in (await got(customer, ACCOUNTS))["items"]] == [ours["account_id"]]
    assert (await customer.get(f"{ACCOUNTS}/{theirs['account_id']}")).status_code == 404
    assert (await customer.get(f"{HYPOTHESES}/{ours['id']}")).status_code == 200
    assert (await customer.get(f"{HYPOTHESES}/{theirs['id']}")).status_code == 404
    seen = (await got(customer, HYPOTHESES))["items"]
    assert {each["account_id"] for each in seen} == {ours["account_id"]}


async def test_a_customer_without_an_account_sees_nothing(company: Company) -> None:
    assert (await company.person("jana", "customer").get(ACCOUNTS)).status_code == 403


async def test_a_text_that_cannot_be_kept_is_refused(ada: httpx2.AsyncClient) -> None:
    for answer in (
        await ada.post(ACCOUNTS, json={**PUMPS, "name": "Nord\0werk"}),
        await ada.get(ACCOUNTS, params={"name": "Nord\0werk"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_text")
