"""Success plans: made for a contract, and read."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends, Query, Response

from services.amplifier.api import views
from services.amplifier.api.access import as_problems
from services.amplifier.api.documents import NEW_PLAN, SuccessPlan, SuccessPlanSummary
from services.amplifier.domain.lifecycle import PlanState
from services.amplifier.events import open_plan
from services.amplifier.store.plans import PlanFilter, Plans
from services.amplifier.store.ramps import RampStarts
from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, document
from services.chassis.transaction import resource
from services.schemas.commands import CreateSuccessPlan

router = resource("/success-plans")


@router.post(
    "",
    status_code=201,
    dependencies=[requires("amplifier:write")],
    summary="Make a contract's success plan",
    responses=document(Conflict),
)
async def create_success_plan(
    body: Annotated[CreateSuccessPlan, Body(openapi_examples=NEW_PLAN)],
    uow: IdempotentWork,
    response: Response,
) -> SuccessPlan:
    """As the activation of a contract does it. Its model's version is fetched right after."""
    with as_problems():
        plan = await open_plan(uow, body)
    if plan is None:
        raise Conflict("The contract has a success plan already.", code="plan_exists")
    set_etag(response, plan.version)
    return views.full(plan, await RampStarts(uow).of(plan.contract_id))


@router.get("", dependencies=[requires("amplifier:read")], summary="List success plans")
async def list_success_plans(
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
    contract_id: Annotated[UUID | None, Query()] = None,
    state: PlanState | None = None,
) -> Page[SuccessPlanSummary]:
    """Newest first."""
    wanted = PlanFilter(contract_id=contract_id, state=state)
    return page.page(await Plans(uow, own).page(page, wanted), views.summary, lambda row: row.id)


@router.get("/{success_plan_id}", dependencies=[requires("amplifier:read")], summary="Read a success plan")
async def get_success_plan(
    success_plan_id: UUID, uow: Work, own: OwnAccount, response: Response
) -> SuccessPlan:
    plan = await Plans(uow, own).get(success_plan_id)
    set_etag(response, plan.version)
    return views.full(plan, await RampStarts(uow).of(plan.contract_id))
