"""While the architect is away, plans wait for their model."""

from uuid import UUID

from services.amplifier.events import cancel_success_plan
from services.amplifier.fetcher import ModelFetcher
from services.chassis.actor import Actor
from services.schemas.commands import CancelSuccessPlan
from tests.amplifier.api.cases import PLANS, got, made, measured, runtime_of, settled, stepped, succeeded
from tests.amplifier.ways import Way, way_to
from tests.harness.platform import Company
from tests.harness.waiting import eventually


async def test_a_plan_waits_for_the_architect_and_asks_it_once(
    company: Company, other_company: Company
) -> None:
    sam, sue = company.person("sam", "success-lead"), other_company.person("sue", "success-lead")
    with way_to(company, "value-architect") as way:
        beside = await made(other_company)  # as tests before this one leave them: fetched at the same time
        plan = await made(company)
        assert await ModelFetcher(runtime_of(company)).run_once() is False
        assert (await got(sam, f"{PLANS}/{plan['id']}"))["state"] == "fetching"
        way.is_open = True
        assert (await settled(sam, plan))["state"] == "active"
        await measured(sam, plan)
        succeeded(await stepped(sam, plan, "request-review"))
        assert (await settled(sue, beside))["state"] == "active"
        assert way.answered == 2, "its versions, and the one that it names"


async def test_a_plan_that_is_cancelled_meanwhile_stays_so(company: Company) -> None:
    sam = company.person("sam", "success-lead")
    with way_to(company, "value-architect") as way:
        plan = await made(company)

        async def cancel() -> None:
            async with runtime_of(company).database.unit_of_work(Actor(company.tenant, "dean")) as uow:
                command = CancelSuccessPlan(contract_id=UUID(plan["contract_id"]))
                await cancel_success_plan(uow, command)
                await uow.commit()

        way.meanwhile = cancel
        way.is_open = True
        await eventually(lambda: _answered(way, 2))
    assert (await got(sam, f"{PLANS}/{plan['id']}"))["state"] == "cancelled"


async def _answered(way: Way, times: int) -> bool:
    return way.answered == times
