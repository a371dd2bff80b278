"""A contract across the services: it comes into force, its quarters are measured and closed, and settled."""

from typing import Any

import pytest

from services.amplifier import events as amplifier
from services.chassis.commands import Refused
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.commands import CreateSuccessPlan
from tests.amplifier.api.cases import PLANS, closed, measured, reading, settled, stepped, succeeded
from tests.architect.api.cases import got
from tests.committer.api.cases import CONTRACTS, GAIN_SHARE, SETTLEMENTS, SUBSCRIPTION, Deal
from tests.harness.lives import until_consistent
from tests.harness.platform import Company
from tests.harness.waiting import eventually
from tests.servers.postgres import PostgresServer

# Over, so that whoever measures has measured all of it.
YEAR: dict[str, Any] = {
    "effective_on": "2025-01-01",
    "terms": [SUBSCRIPTION, GAIN_SHARE],
    "milestones": [{"key": "go_live", "label": "The line is watched", "due": "2025-05-15"}],
}


async def _in_force(deal: Deal) -> dict[str, Any]:
    return await _activated(deal, await deal.signed(**YEAR))


async def _activated(deal: Deal, contract: dict[str, Any]) -> dict[str, Any]:
    """The contract once its activation has ended."""

    async def look() -> dict[str, Any] | None:
        now = await got(deal.manager, f"{CONTRACTS}/{contract['id']}")
        return now if now["state"] != "activating" else None

    return await eventually(look)


async def _refuse(uow: UnitOfWork, command: CreateSuccessPlan) -> None:
    raise Refused("Nobody is free to measure this.")


async def _settlements(deal: Deal, contract: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """So many, oldest first."""

    async def issued() -> list[dict[str, Any]] | None:
        items = (await got(deal.manager, SETTLEMENTS, contract_id=contract["id"]))["items"]
        return items[::-1] if len(items) == number else None

    return await eventually(issued)


def _stops(*hours: str, first: int = 1) -> list[dict[str, str]]:
    months = [f"2025-{first + place:02}" for place in range(len(hours))]
    return [
        reading(month, value, "2025-12-31", "hours_stopped")
        for month, value in zip(months, hours, strict=True)
    ]


async def test_a_signed_contract_comes_into_force_by_itself(company: Company) -> None:
    deal = Deal(company)
    contract = await _in_force(deal)
    assert (contract["state"], contract["failure"]) == ("active", None)
    saga = await deal.saga(contract)
    assert [(each["name"], each["action"]["status"]) for each in saga["steps"]] == [
        ("lock model", "done"),
        ("create delivery plan", "done"),
        ("create success plan", "done"),
    ]
    (plan,) = (await got(deal.manager, "/api/v1/executor/plans", contract_id=contract["id"]))["items"]
    assert plan["account_id"] == contract["account_id"]


async def test_closed_quarters_are_settled_and_a_restatement_is_trued_up(company: Company) -> None:
    """At 130 hours a quarter brings (200 - 130) * 50 * 0.9 / 4 = 787.50, at the baseline of 180 hours 225.00:
    a fifth of the gain is 112.50. January restated as 100 makes a mean of 120 hours, 900.00, and 135.00."""
    deal = Deal(company)
    contract = await _in_force(deal)
    lead = company.person("sam", "success-lead")
    (found,) = (await got(lead, PLANS, contract_id=contract["id"]))["items"]
    plan = await settled(lead, found)
    await measured(lead, plan, _stops("130", "130", "130"))
    await closed(company, plan, "2025-Q1")
    opening, first = await _settlements(deal, contract, 2)
    assert [line["label"] for line in opening["lines"]] == ["Charge 2025-Q1: Subscription"]
    assert [line["amount"]["amount"] for line in first["lines"]] == ["112.50", "100.00"]
    late = reading("2025-01", "100", "2026-01-15", "hours_stopped")
    await measured(lead, plan, [late])
    succeeded(await stepped(company.person("grace", "approver"), plan, "restate", "2025-Q1"))
    await measured(lead, plan, _stops("120", "120", "120", first=4))
    await closed(company, plan, "2025-Q2")
    *_, second = await _settlements(deal, contract, 3)
    assert [(line["label"], line["amount"]["amount"]) for line in second["lines"]] == [
        ("Charge 2025-Q2: Share of the gain", "135.00"),
        ("Charge 2025-Q3: Subscription", "100.00"),
        ("True-up 2025-Q1: Share of the gain", "22.50"),
    ]
    assert second["net"]["amount"] == "257.50"


async def test_what_one_refuses_is_undone_by_all_and_may_be_tried_again(
    company: Company, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = Deal(company)
    with monkeypatch.context() as refusing:
        refusing.setattr(amplifier, "create_success_plan", _refuse)
        failed = await _in_force(deal)
    assert (failed["state"], failed["failure"]) == (
        "activation_failed",
        "Nobody is free to measure this.",
    )
    saga = await deal.saga(failed)
    assert [
        (each["name"], each["action"]["status"], each["compensation"]["status"]) for each in saga["steps"]
    ] == [
        ("lock model", "done", "done"),
        ("create delivery plan", "done", "done"),
        ("create success plan", "refused", "waiting"),
    ]
    (plan,) = (await got(deal.manager, "/api/v1/executor/plans", contract_id=failed["id"]))["items"]
    assert plan["state"] == "cancelled"
    await deal.step(deal.manager, failed, "activate")
    contract = await _activated(deal, failed)
    assert (contract["state"], contract["failure"]) == ("active", None)
    await until_consistent(postgres_server.url_of(company.platform.database), company.tenant)
