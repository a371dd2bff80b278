"""Proof points: a driver's realised figure, published so that the library's benchmark can learn from it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.amplifier.api import views
from services.amplifier.api.access import as_problems
from services.amplifier.api.documents import NewProofPoint, ProofPoint
from services.amplifier.domain.lifecycle import require_open_to
from services.amplifier.domain.proof import proof
from services.amplifier.events import about
from services.amplifier.store.periods import Periods
from services.amplifier.store.plans import PlanRow, Plans
from services.amplifier.store.proof_points import ProofPoints
from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, document
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.events.amplifier import ProofPointPublished

router = resource("/success-plans")

_PATH = "/{success_plan_id}/proof-points"


@router.post(
    _PATH,
    status_code=201,
    dependencies=[requires("amplifier:write")],
    summary="Publish a proof point",
    responses=document(Conflict),
)
async def publish_proof_point(success_plan_id: UUID, body: NewProofPoint, uow: IdempotentWork) -> ProofPoint:
    """Of the closed periods: the driver's KPI as last reached, and the value that it brought in all of them.
    The architect moves the driver's benchmark by it."""
    plan = await Plans(uow).held(success_plan_id)
    with as_problems():
        require_open_to(plan.life, "proof points")
    closed = [(row.key, row.known_figures or ()) for row in await Periods(uow).of(plan.id) if row.is_closed]
    with as_problems():
        found = proof(plan.required_yardstick, body.driver_key, closed)
    point = views.proof_point(await ProofPoints(uow).add(plan.id, found))
    await _tell(uow, plan, point)
    return point


@router.get(_PATH, dependencies=[requires("amplifier:read")], summary="List a plan's proof points")
async def list_proof_points(
    success_plan_id: UUID,
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
) -> Page[ProofPoint]:
    """Newest first."""
    plan = await Plans(uow, own).get(success_plan_id)
    return page.page(await ProofPoints(uow).page(page, plan.id), views.proof_point, lambda row: row.id)


async def _tell(uow: UnitOfWork, plan: PlanRow, point: ProofPoint) -> None:
    event = ProofPointPublished(
        **about(plan),
        proof_point_id=point.id,
        driver_key=point.driver_key,
        input=point.input,
        metric=point.metric,
        measured=point.measured,
        realised=point.realised,
        periods=point.periods,
        published_by=point.published_by,
    )
    await uow.emit(event, subject=plan.id)
