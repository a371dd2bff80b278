"""Simulations: what a value model brings when its uncertain inputs are drawn."""

from fastapi import Response

from services.calculation_engine.api.computing import COMPUTED, Answering
from services.calculation_engine.jobs.operations import SIMULATIONS
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.simulation import Simulation, SimulationRequest

router = resource("/simulations")


@router.post(
    "",
    dependencies=[requires("calculation-engine:write")],
    response_model=Simulation,
    responses=COMPUTED,
    summary="Simulate a value model",
)
async def create_simulation(body: SimulationRequest, computing: Answering) -> Simulation | Response:
    """The distribution of each requested output, with confidence intervals, and how sure the targets are."""
    return await computing.answer(SIMULATIONS, body)
