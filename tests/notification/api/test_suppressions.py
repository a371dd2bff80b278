"""Suppressions by REST."""

from tests.harness.platform import Company

SUPPRESSIONS = "/api/v1/notification/suppressions"
BODY = {"address": "Grace@Customer.example", "reason": "Asked by phone to be left alone."}


async def test_an_operator_suppresses_an_address_and_lifts_it(company: Company) -> None:
    olga = company.person("olga", "operator")
    made = await olga.post(SUPPRESSIONS, json=BODY)
    assert made.status_code == 201, made.text
    assert {**made.json(), "id": None, "created_at": None} == {
        "id": None,
        "address": "grace@customer.example",
        "cause": "by-hand",
        "reason": BODY["reason"],
        "created_by": "olga",
        "created_at": None,
    }
    path = f"{SUPPRESSIONS}/{made.json()['id']}"
    assert (await olga.get(path)).json() == made.json()
    assert (await olga.get(SUPPRESSIONS)).json()["items"] == [made.json()]
    assert (await olga.get(SUPPRESSIONS, params={"address": "other@customer.example"})).json()["items"] == []
    again = await olga.post(SUPPRESSIONS, json=BODY)
    assert (again.status_code, again.json()["code"]) == (409, "suppression_exists")
    assert (await olga.delete(path)).status_code == 204
    assert (await olga.get(path)).status_code == 404


async def test_only_operators_see_them(company: Company) -> None:
    assert (await company.person("sam", "success-lead").get(SUPPRESSIONS)).status_code == 403
