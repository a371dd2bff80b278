"""Simulations: what a value model brings when its uncertain inputs are drawn."""

from services.calculation_engine.api.computing import compute
from services.calculation_engine.domain.simulation import simulate
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.simulation import Simulation, SimulationRequest

router = resource("/simulations")


@router.post("", dependencies=[requires("calculation-engine:write")], summary="Simulate a value model")
async def create_simulation(body: SimulationRequest) -> Simulation:
    """The distribution of each requested output, with confidence intervals, and how sure the targets are."""
    return await compute(simulate, body)
