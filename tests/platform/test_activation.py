"""A contract comes into force across the services: model held, delivery plan and success plan made."""

from typing import Any

from tests.architect.api.cases import got
from tests.committer.api.cases import CONTRACTS, Deal
from tests.harness.platform import Company
from tests.harness.waiting import eventually


async def test_a_signed_contract_comes_into_force_by_itself(company: Company) -> None:
    deal = Deal(company)
    signed = await deal.signed()

    async def settled_down() -> dict[str, Any] | None:
        contract = await got(deal.manager, f"{CONTRACTS}/{signed['id']}")
        return contract if contract["state"] != "activating" else None

    contract = await eventually(settled_down)
    assert (contract["state"], contract["failure"]) == ("active", None)
    saga = await deal.saga(contract)
    assert [(each["name"], each["action"]["status"]) for each in saga["steps"]] == [
        ("lock model", "done"),
        ("create delivery plan", "done"),
        ("create success plan", "done"),
    ]
    (plan,) = (await got(deal.manager, "/api/v1/executor/plans", contract_id=contract["id"]))["items"]
    assert plan["account_id"] == contract["account_id"]
    found = await got(deal.manager, "/api/v1/amplifier/success-plans", contract_id=contract["id"])
    assert len(found["items"]) == 1
