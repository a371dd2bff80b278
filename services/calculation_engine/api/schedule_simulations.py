"""Schedule simulations: when an activity network with uncertain durations is done."""

from fastapi import Response

from services.calculation_engine.api.computing import COMPUTED, Answering
from services.calculation_engine.jobs.operations import SCHEDULE_SIMULATIONS
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.schedule_simulation import ScheduleSimulation, ScheduleSimulationRequest

router = resource("/schedule-simulations")


@router.post(
    "",
    dependencies=[requires("calculation-engine:write")],
    response_model=ScheduleSimulation,
    responses=COMPUTED,
    summary="Simulate a schedule",
)
async def create_schedule_simulation(
    body: ScheduleSimulationRequest, computing: Answering
) -> ScheduleSimulation | Response:
    """When everything is done and how likely by a deadline, and which activities that depends on."""
    return await computing.answer(SCHEDULE_SIMULATIONS, body)
