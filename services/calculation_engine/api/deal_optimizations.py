"""Deal optimizations: which values of a contract's pricing terms serve vendor and customer best."""

from services.calculation_engine.api.computing import compute
from services.calculation_engine.domain.deal_optimization import optimize
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.deal_optimization import DealOptimization, DealOptimizationRequest

router = resource("/deal-optimizations")


@router.post("", dependencies=[requires("calculation-engine:write")], summary="Optimize a deal")
async def create_deal_optimization(body: DealOptimizationRequest) -> DealOptimization:
    """The efficient frontier between the vendor's margin and what the customer gains or risks, with the terms
    behind each point; or that no structure keeps the constraints, and which comes nearest."""
    return await compute(optimize, body)
