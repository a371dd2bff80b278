"""Evaluations: one deterministic run of a value model."""

from fastapi import Response

from services.calculation_engine.api.computing import COMPUTED, Answering
from services.calculation_engine.jobs.operations import EVALUATIONS
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.evaluation import Evaluation, EvaluationRequest

router = resource("/evaluations")


@router.post(
    "",
    dependencies=[requires("calculation-engine:write")],
    response_model=Evaluation,
    responses=COMPUTED,
    summary="Evaluate a value model",
)
async def create_evaluation(body: EvaluationRequest, computing: Answering) -> Evaluation | Response:
    """NPV, ROI, IRR, payback and the periods behind them, in total, by realisation class and by driver."""
    return await computing.answer(EVALUATIONS, body)
