"""Goal seeks: the value of an input at which an output meets a target."""

from fastapi import Response

from services.calculation_engine.api.computing import COMPUTED, Answering
from services.calculation_engine.jobs.operations import GOAL_SEEKS
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.goal_seek import GoalSeek, GoalSeekRequest

router = resource("/goal-seeks")


@router.post(
    "",
    dependencies=[requires("calculation-engine:write")],
    response_model=GoalSeek,
    responses=COMPUTED,
    summary="Seek a goal",
)
async def create_goal_seek(body: GoalSeekRequest, computing: Answering) -> GoalSeek | Response:
    """Where an output meets the target, as a break-even price does; or that it does not within the bounds."""
    return await computing.answer(GOAL_SEEKS, body)
