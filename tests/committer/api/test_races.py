"""What happens at once happens once: signatures, settlements, and who holds a commitment."""

import asyncio
from typing import Any

import httpx2

from services.schemas.events.amplifier import PeriodClosed
from tests.architect.api.cases import got, if_match
from tests.committer.api.cases import CONTRACTS, SAGAS, SETTLEMENTS, Deal, contract_of


async def test_two_signatures_at_once_start_one_activation(deal: Deal) -> None:
    contract = await deal.approved()
    customer = deal.customer(contract["account_id"])
    once = await deal.step(deal.manager, contract, "sign")
    path = f"{CONTRACTS}/{contract['id']}/sign"
    answers = await asyncio.gather(*[customer.post(path, headers=if_match(once)) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert len((await got(deal.operator, SAGAS, subject=contract["id"]))["items"]) == 1


async def test_a_commitment_goes_to_one_of_two_contracts(deal: Deal) -> None:
    commitment = await deal.commitment()

    async def draft() -> httpx2.Response:
        return await deal.manager.post(CONTRACTS, json=contract_of(commitment))

    answers = await asyncio.gather(*[draft() for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len((await got(deal.manager, CONTRACTS))["items"]) == 1


async def test_periods_that_close_at_once_are_each_settled_once(deal: Deal) -> None:
    contract = await deal.in_force()
    about: dict[str, Any] = {
        "success_plan_id": contract["id"],
        "contract_id": contract["id"],
        "name": "Stops",
        "owner": "sam",
        "closed_by": "grace",
        "values": (),
    }
    keys = [each["period"]["key"] for each in contract["calendar"]]
    await asyncio.gather(*[deal.tell(PeriodClosed(**about, period=key)) for key in [*keys, *keys]])
    items = (await got(deal.manager, SETTLEMENTS, contract_id=contract["id"]))["items"]
    settled = [(each["number"], each["period"]) for each in items[::-1]]
    assert settled == list(enumerate([keys[0], *keys], start=1))  # the first opens the contract
    assert (await deal.read(contract))["state"] == "completed"
