"""Evaluations: one deterministic run of a value model."""

from services.calculation_engine.api.computing import compute
from services.calculation_engine.domain.evaluation import evaluate
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.evaluation import Evaluation, EvaluationRequest

router = resource("/evaluations")


@router.post("", dependencies=[requires("calculation-engine:write")], summary="Evaluate a value model")
async def create_evaluation(body: EvaluationRequest) -> Evaluation:
    """NPV, ROI, IRR, payback and the periods behind them, in total, by realisation class and by driver."""
    return await compute(evaluate, body)
