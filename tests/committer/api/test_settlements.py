"""Each closed period is settled line by line; what is restated later is trued up, to the cent.

By hand: a subscription of 100.00 a quarter, billed in advance: the first settlement opens the contract with
the first quarter's, and each quarter's holds the next one's; 250.00 when the go-live is accepted; a fifth of
the gain, between 10.00 and 150.00. At the baseline a quarter is worth 225.00, so that 900.00 realised is a
gain of 675.00.
"""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.chassis.actor import Actor
from services.chassis.handlers import Poison
from services.committer.events import TooEarly
from services.schemas.events.executor import PlanCompleted
from services.schemas.money import Money
from tests.architect.api.cases import got, if_match
from tests.committer.api.cases import GAIN_SHARE, SETTLEMENTS, Deal
from tests.committer.api.payloads import accepted, closed, of_plan, restated
from tests.committer.outbox import events_of

Q1, Q2, Q3, Q4 = (f"2026-Q{number}" for number in (1, 2, 3, 4))
_SUBSCRIPTION = "100.00"


async def _all(deal: Deal, contract: dict[str, Any]) -> list[dict[str, Any]]:
    """A contract's, oldest first."""
    found = await got(deal.manager, SETTLEMENTS, contract_id=contract["id"])
    items: list[dict[str, Any]] = found["items"][::-1]
    return items


async def _settlements(deal: Deal, contract: dict[str, Any]) -> list[dict[str, Any]]:
    """Those after the one that opens the contract."""
    opening, *others = await _all(deal, contract)
    assert _told(opening) == [(f"Charge {Q1}: Subscription", _SUBSCRIPTION)]
    return others


def _told(settlement: dict[str, Any]) -> list[tuple[str, str]]:
    return [(line["label"], line["amount"]["amount"]) for line in settlement["lines"]]


async def test_the_first_subscription_is_billed_when_the_contract_comes_into_force(deal: Deal) -> None:
    contract = await deal.in_force()
    (opening,) = await _all(deal, contract)
    assert (opening["number"], opening["period"]) == (1, Q1)
    assert _told(opening) == [("Charge 2026-Q1: Subscription", _SUBSCRIPTION)]
    (event,) = await events_of(deal, "settlement.issued")
    assert event.payload["net"]["amount"] == _SUBSCRIPTION


async def test_every_period_s_subscription_is_billed_once_and_in_advance(deal: Deal) -> None:
    contract = await deal.in_force()
    for period in (Q1, Q2, Q3, Q4):
        await deal.tell(closed(contract, period))
    billed = [
        (settlement["period"], line["period"], line["is_correction"])
        for settlement in await _all(deal, contract)
        for line in settlement["lines"]
        if line["term"] == "subscription"
    ]
    assert billed == [(Q1, Q1, False), (Q1, Q2, False), (Q2, Q3, False), (Q3, Q4, False)]


async def test_a_closed_period_is_settled_line_by_line(deal: Deal) -> None:
    contract = await deal.in_force()
    await deal.tell(closed(contract, Q1))
    (settlement,) = await _settlements(deal, contract)
    assert _told(settlement) == [
        ("Charge 2026-Q1: Share of the gain", "135.00"),
        ("Charge 2026-Q2: Subscription", _SUBSCRIPTION),
    ]
    assert settlement["net"] == {"amount": "235.00", "currency": "EUR"}
    assert [line["term"] for line in settlement["lines"]] == ["gain_share", "subscription"]
    _, event = await events_of(deal, "settlement.issued")
    assert event.payload["settlement_id"] == settlement["id"]
    assert (event.payload["period"], event.payload["net"]["amount"]) == (Q1, "235.00")
    assert await got(deal.manager, f"{SETTLEMENTS}/{settlement['id']}") == settlement


async def test_what_nobody_measured_brought_no_gain(deal: Deal) -> None:
    contract = await deal.in_force(terms=[{**GAIN_SHARE, "floor_per_period": None}], milestones=[])
    event = closed(contract, Q1, "0.00")
    unmeasured = event.values[0].model_copy(update={"measured": None})
    await deal.tell(event.model_copy(update={"values": (unmeasured,)}))
    await deal.tell(closed(contract, Q2))
    assert [each["net"]["amount"] for each in await _all(deal, contract)] == ["0.00", "135.00"]


async def test_values_in_another_currency_are_poison(deal: Deal) -> None:
    contract = await deal.in_force()
    event = closed(contract, Q1)
    foreign = event.values[0].model_copy(update={"realised": Money(amount=Decimal(1), currency="USD")})
    for payload in (
        event.model_copy(update={"values": (foreign,)}),
        closed(contract, "2031-Q1"),
    ):
        with pytest.raises(Poison):
            await deal.tell(payload)


async def test_floor_cap_and_a_negative_gain(deal: Deal) -> None:
    contract = await deal.in_force()
    for period, realised in ((Q1, "226.00"), (Q2, "5000.00"), (Q3, "0.00")):
        await deal.tell(closed(contract, period, realised))
    fees = [_told(each)[0][1] for each in await _settlements(deal, contract)]
    assert fees == ["10.00", "150.00", "0.00"]


async def test_a_restatement_is_a_true_up_in_the_next_settlement(deal: Deal) -> None:
    contract = await deal.in_force()
    await deal.tell(closed(contract, Q1, "900.00"))
    await deal.tell(restated(contract, Q1, "851.37"))
    assert len(await _settlements(deal, contract)) == 1
    await deal.tell(closed(contract, Q2))
    _, second = await _settlements(deal, contract)
    # (851.37 - 225.00) * 0.2 = 125.274, half-even 125.27; 125.27 - 135.00 = -9.73
    assert _told(second) == [
        ("Charge 2026-Q2: Share of the gain", "135.00"),
        ("Charge 2026-Q3: Subscription", _SUBSCRIPTION),
        ("True-up 2026-Q1: Share of the gain", "-9.73"),
    ]
    assert second["net"]["amount"] == "225.27"
    await deal.tell(closed(contract, Q3))
    assert len((await _settlements(deal, contract))[-1]["lines"]) == 2


async def test_a_milestone_is_paid_in_the_quarter_of_its_acceptance(deal: Deal) -> None:
    contract = await deal.in_force()
    await deal.tell(accepted(contract, "2026-04-01"))
    await deal.tell(closed(contract, Q1))
    await deal.tell(closed(contract, Q2))
    first, second = await _settlements(deal, contract)
    assert "Charge 2026-Q2: Go-live" not in [label for label, _ in _told(first)]
    assert ("Charge 2026-Q2: Go-live", "250.00") in _told(second)


async def test_an_acceptance_that_comes_late_is_charged_in_the_next_settlement(deal: Deal) -> None:
    contract = await deal.in_force()
    await deal.tell(closed(contract, Q1))
    await deal.tell(accepted(contract, "2026-03-31"))
    await deal.tell(closed(contract, Q2))
    assert _told((await _settlements(deal, contract))[1])[-1] == ("Late charge 2026-Q1: Go-live", "250.00")


async def test_the_last_period_completes_it_and_a_later_restatement_is_settled_by_itself(deal: Deal) -> None:
    term = {**GAIN_SHARE, "holdback": "0.1"}
    contract = await deal.in_force(terms=[term], milestones=[])
    for period in (Q1, Q2, Q3, Q4):
        await deal.tell(closed(contract, period))
    assert (await deal.read(contract))["state"] == "completed"
    assert len(await events_of(deal, "contract.completed")) == 1
    last = (await _all(deal, contract))[-1]
    assert _told(last)[1:] == [
        ("Holdback 2026-Q4: Share of the gain", "-13.50"),
        ("Released holdback 2026-Q4: Share of the gain", "54.00"),
    ]
    await deal.tell(restated(contract, Q2, "800.00"))
    fifth = (await _all(deal, contract))[-1]
    assert (fifth["number"], fifth["period"], fifth["net"]["amount"]) == (5, Q4, "-20.00")
    await deal.tell(restated(contract, Q2, "800.00"))
    assert len(await _all(deal, contract)) == 5


async def test_events_out_of_order_settle_the_same(deal: Deal) -> None:
    contract = await deal.in_force()
    await deal.tell(closed(contract, Q2), sequence=3)
    assert await _settlements(deal, contract) == []
    with pytest.raises(TooEarly):
        await deal.tell(restated(contract, Q1, "500.00"), sequence=2)
    await deal.tell(closed(contract, Q1), sequence=1)
    assert [each["period"] for each in await _settlements(deal, contract)] == [Q1, Q2]
    await deal.tell(restated(contract, Q1, "425.00"), sequence=5)
    await deal.tell(restated(contract, Q1, "500.00"), sequence=2)
    await deal.tell(closed(contract, Q3), sequence=6)
    third = (await _settlements(deal, contract))[-1]
    assert _told(third)[-1] == ("True-up 2026-Q1: Share of the gain", "-95.00")


async def test_a_period_waits_for_its_contract_to_be_in_force(deal: Deal) -> None:
    contract = await deal.signed()
    with pytest.raises(TooEarly):
        await deal.tell(closed(contract, Q1))


async def test_nothing_is_settled_after_the_end_but_what_was_is_corrected(deal: Deal) -> None:
    contract = await deal.in_force()
    await deal.tell(closed(contract, Q1))
    await deal.step(deal.manager, await deal.read(contract), "terminate", {"reason": "Sold."})
    await deal.tell(closed(contract, Q2))
    await deal.tell(restated(contract, Q1, "425.00"))
    _, correction = await _settlements(deal, contract)
    assert _told(correction) == [("True-up 2026-Q1: Share of the gain", "-95.00")]


@pytest.mark.parametrize("is_told_late", [False, True])
async def test_what_was_accepted_before_the_end_is_charged(deal: Deal, is_told_late: bool) -> None:
    contract = await deal.in_force()
    acceptance = accepted(contract, "2026-02-15")
    if not is_told_late:
        await deal.tell(acceptance)
        assert await _settlements(deal, contract) == []
    await deal.step(deal.manager, await deal.read(contract), "terminate", {"reason": "Sold."})
    if is_told_late:
        assert await _settlements(deal, contract) == []
        await deal.tell(acceptance)
    (last,) = await _settlements(deal, contract)
    assert _told(last) == [("Late charge 2026-Q1: Go-live", "250.00")]


async def test_a_completed_plan_is_noted(deal: Deal) -> None:
    contract = await deal.in_force()
    await deal.tell(PlanCompleted(**of_plan(contract)))
    assert (await deal.read(contract))["delivered"]


async def test_a_customer_disputes_the_own_settlement_once(deal: Deal) -> None:
    contract = await deal.in_force()
    await deal.tell(closed(contract, Q1))
    (settlement,) = await _settlements(deal, contract)
    path = f"{SETTLEMENTS}/{settlement['id']}/dispute"
    body = {"reason": "March is missing."}
    stranger = deal.customer(str(uuid4()), "mallory")
    assert (await stranger.post(path, json=body, headers=if_match(settlement))).status_code == 404
    customer = deal.customer(contract["account_id"])
    answer = await customer.post(path, json=body, headers=if_match(settlement))
    disputed = answer.json()
    assert (disputed["state"], disputed["disputed_by"]) == ("disputed", "carl")
    assert (disputed["lines"], disputed["net"]) == (settlement["lines"], settlement["net"])
    again = await customer.post(path, json=body, headers=if_match(disputed))
    assert again.status_code == 409
    (event,) = await events_of(deal, "settlement.disputed")
    assert event.payload["reason"] == "March is missing."


@pytest.mark.parametrize(
    "change",
    ["UPDATE settlements SET net = 0", "UPDATE settlements SET lines = '[]'", "DELETE FROM settlements"],
)
async def test_not_even_the_service_s_login_changes_what_was_issued(deal: Deal, change: str) -> None:
    contract = await deal.in_force()
    await deal.tell(closed(contract, Q1))
    async with deal.runtime.database.unit_of_work(Actor(deal.company.tenant, "test")) as uow:
        with pytest.raises(IntegrityError, match="never changes"):
            await uow.session.execute(text(change))
