"""What can be a job: a POST of the engine whose work may be too large to wait for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.calculation_engine.domain.bounds import Bounds
from services.calculation_engine.domain.deal_optimization import optimize
from services.calculation_engine.domain.goal_seek import seek
from services.calculation_engine.domain.schedule_simulation import simulate_schedule
from services.calculation_engine.domain.sensitivity import analyse
from services.calculation_engine.domain.simulation import simulate
from services.schemas.base import Document
from services.schemas.deal_optimization import DealOptimization, DealOptimizationRequest
from services.schemas.goal_seek import GoalSeek, GoalSeekRequest
from services.schemas.schedule_simulation import ScheduleSimulation, ScheduleSimulationRequest
from services.schemas.sensitivity import Sensitivity, SensitivityRequest
from services.schemas.simulation import Simulation, SimulationRequest

Request = TypeVar("Request", bound=Document)
Answer = TypeVar("Answer", bound=Document)


@dataclass(frozen=True)
class Operation(Generic[Request, Answer]):
    """The POST of a resource. `compute` raises TooLarge for more than its bounds, and EngineError for a
    request that cannot be computed."""

    name: str
    request: type[Request]
    compute: Callable[[Request, Bounds], Answer]

    def draws(self, request: Document) -> int:
        """By which progress is measured; work that draws nothing is one piece."""
        return int(getattr(request, "draws", 1))


SIMULATIONS: Operation[SimulationRequest, Simulation] = Operation("simulations", SimulationRequest, simulate)
SENSITIVITIES: Operation[SensitivityRequest, Sensitivity] = Operation(
    "sensitivities", SensitivityRequest, analyse
)
GOAL_SEEKS: Operation[GoalSeekRequest, GoalSeek] = Operation("goal-seeks", GoalSeekRequest, seek)
DEAL_OPTIMIZATIONS: Operation[DealOptimizationRequest, DealOptimization] = Operation(
    "deal-optimizations", DealOptimizationRequest, optimize
)
SCHEDULE_SIMULATIONS: Operation[ScheduleSimulationRequest, ScheduleSimulation] = Operation(
    "schedule-simulations", ScheduleSimulationRequest, simulate_schedule
)

OPERATIONS: dict[str, Operation[Any, Any]] = {
    each.name: each
    for each in (SIMULATIONS, SENSITIVITIES, GOAL_SEEKS, DEAL_OPTIMIZATIONS, SCHEDULE_SIMULATIONS)
}
