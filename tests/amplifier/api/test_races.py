"""What happens at once happens once: closings, restatements, and measurements between the two."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.amplifier.api.cases import (
    PLANS,
    active,
    closed,
    events_about,
    got,
    if_match,
    measured,
    reading,
    stepped,
    succeeded,
)
from tests.harness.platform import Company

MANY = 4


@pytest.fixture
def sam(company: Company) -> httpx2.AsyncClient:
    return company.person("sam", "success-lead")


async def _at_once(company: Company, plan: dict[str, Any], action: str) -> list[int]:
    """The statuses of one step that as many approvers take at once, all at the revision they read."""
    path = f"{PLANS}/{plan['id']}/periods/2026-Q1"
    approvers = [company.person(f"approver-{number}", "approver") for number in range(MANY)]
    now = await got(approvers[0], path)
    answers = await asyncio.gather(
        *(person.post(f"{path}/{action}", headers=if_match(now)) for person in approvers)
    )
    return sorted(answer.status_code for answer in answers)


async def _told(company: Company, plan: dict[str, Any], kind: str) -> int:
    return sum(f"amplifier.period.{kind}.v1" == event.type for event in await events_about(company, plan))


async def test_of_many_who_close_a_period_at_once_one_does(company: Company, sam: httpx2.AsyncClient) -> None:
    plan = await active(company)
    await measured(sam, plan)
    succeeded(await stepped(sam, plan, "request-review"))
    assert await _at_once(company, plan, "close") == [200, *[412] * (MANY - 1)]
    assert await _told(company, plan, "closed") == 1


async def test_of_many_who_restate_a_period_at_once_one_does(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    plan = await active(company)
    await measured(sam, plan)
    await closed(company, plan)
    await measured(sam, plan, [reading("2026-01", "10", "2026-05-01")])
    assert await _at_once(company, plan, "restate") == [200, *[412] * (MANY - 1)]
    assert await _told(company, plan, "restated") == 1
    restated = await got(sam, f"{PLANS}/{plan['id']}/periods/2026-Q1")
    assert (restated["figures"][0]["measured"], restated["restatement_due"]) == ("12", False)


async def test_a_correction_and_a_closing_at_once_leave_no_published_figure_unnoticed_wrong(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    """Either the correction came first, and the period is open again; or it is closed and to be restated."""
    plan = await active(company)
    await measured(sam, plan)
    succeeded(await stepped(sam, plan, "request-review"))
    late = [reading("2026-01", "10", "2026-05-01")]
    grace = company.person("grace", "approver")
    closing, _ = await asyncio.gather(stepped(grace, plan, "close"), measured(sam, plan, late))
    period = await got(sam, f"{PLANS}/{plan['id']}/periods/2026-Q1")
    if closing.status_code == 200:
        assert (period["state"], period["restatement_due"]) == ("closed", True)
    else:
        assert (closing.status_code in {409, 412}, period["state"]) == (True, "open")
