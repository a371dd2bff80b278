"""Schedule simulations: when an activity network with uncertain durations is done."""

from services.calculation_engine.api.computing import compute
from services.calculation_engine.domain.schedule_simulation import simulate_schedule
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.schedule_simulation import ScheduleSimulation, ScheduleSimulationRequest

router = resource("/schedule-simulations")


@router.post("", dependencies=[requires("calculation-engine:write")], summary="Simulate a schedule")
async def create_schedule_simulation(body: ScheduleSimulationRequest) -> ScheduleSimulation:
    """When everything is done and how likely by a deadline, and which activities that depends on."""
    return await compute(simulate_schedule, body)
