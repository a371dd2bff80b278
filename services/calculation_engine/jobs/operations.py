"""What can be a job: each POST of the engine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.calculation_engine.domain.bounds import JOB, Bounds
from services.calculation_engine.domain.deal_optimization import optimize
from services.calculation_engine.domain.evaluation import evaluate, is_brief
from services.calculation_engine.domain.forecast import forecast
from services.calculation_engine.domain.goal_seek import seek
from services.calculation_engine.domain.schedule_simulation import simulate_schedule
from services.calculation_engine.domain.sensitivity import analyse
from services.calculation_engine.domain.simulation import simulate
from services.schemas.base import Document
from services.schemas.deal_optimization import DealOptimization, DealOptimizationRequest
from services.schemas.evaluation import Evaluation, EvaluationRequest
from services.schemas.forecast import Forecast, ForecastRequest
from services.schemas.goal_seek import GoalSeek, GoalSeekRequest
from services.schemas.schedule_simulation import ScheduleSimulation, ScheduleSimulationRequest
from services.schemas.sensitivity import Sensitivity, SensitivityRequest
from services.schemas.simulation import Simulation, SimulationRequest

Request = TypeVar("Request", bound=Document)
Answer = TypeVar("Answer", bound=Document)


@dataclass(frozen=True)
class Operation(Generic[Request, Answer]):
    """The POST of a resource. `compute` raises TooLarge for more than its bounds, and EngineError for a
    request that cannot be computed. `most` is what a job of it may take. `brief` tells of a request whether
    it takes so little, at most some milliseconds, that the event loop may wait for it."""

    name: str
    request: type[Request]
    compute: Callable[[Request, Bounds], Answer]
    most: Bounds = JOB
    brief: Callable[[Request], bool] = lambda _: False

    def draws(self, request: Document) -> int:
        """By which progress is measured; work that draws nothing is one piece."""
        return int(getattr(request, "draws", 1))


def _light(compute: Callable[[Request], Answer]) -> Callable[[Request, Bounds], Answer]:
    """For work that is never too large to wait for. Where a job is asked for all the same, computing it tells
    whether the request is right."""

    def within(request: Request, bounds: Bounds) -> Answer:
        answer = compute(request)
        bounds.admit(draws=1)
        return answer

    return within


EVALUATIONS: Operation[EvaluationRequest, Evaluation] = Operation(
    "evaluations", EvaluationRequest, _light(evaluate), brief=is_brief
)
FORECASTS: Operation[ForecastRequest, Forecast] = Operation("forecasts", ForecastRequest, _light(forecast))
# Cut into shards, of which each takes seconds.
SIMULATIONS: Operation[SimulationRequest, Simulation] = Operation(
    "simulations", SimulationRequest, simulate, Bounds()
)
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
    for each in (
        EVALUATIONS,
        SIMULATIONS,
        SENSITIVITIES,
        GOAL_SEEKS,
        DEAL_OPTIMIZATIONS,
        FORECASTS,
        SCHEDULE_SIMULATIONS,
    )
}
