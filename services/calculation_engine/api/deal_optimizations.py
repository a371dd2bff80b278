"""Deal optimizations: which values of a contract's pricing terms serve vendor and customer best."""

from fastapi import Response

from services.calculation_engine.api.computing import COMPUTED, Answering
from services.calculation_engine.jobs.operations import DEAL_OPTIMIZATIONS
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.deal_optimization import DealOptimization, DealOptimizationRequest

router = resource("/deal-optimizations")


@router.post(
    "",
    dependencies=[requires("calculation-engine:write")],
    response_model=DealOptimization,
    responses=COMPUTED,
    summary="Optimize a deal",
)
async def create_deal_optimization(
    body: DealOptimizationRequest, computing: Answering
) -> DealOptimization | Response:
    """The efficient frontier between the vendor's margin and what the customer gains or risks, with the terms
    behind each point; or that no structure keeps the constraints, and which comes nearest."""
    return await computing.answer(DEAL_OPTIMIZATIONS, body)
