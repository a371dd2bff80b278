"""Goal seeks: the value of an input at which an output meets a target."""

from services.calculation_engine.api.computing import compute
from services.calculation_engine.domain.goal_seek import seek
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.goal_seek import GoalSeek, GoalSeekRequest

router = resource("/goal-seeks")


@router.post("", dependencies=[requires("calculation-engine:write")], summary="Seek a goal")
async def create_goal_seek(body: GoalSeekRequest) -> GoalSeek:
    """Where an output meets the target, as a break-even price does; or that it does not within the bounds."""
    return await compute(seek, body)
