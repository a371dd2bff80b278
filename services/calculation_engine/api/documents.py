"""What the engine shows of its rows."""

import json

from services.calculation_engine.store.jobs import KEPT, JobRow
from services.schemas.jobs import Job, Progress
from services.schemas.problem import ProblemDocument


def shown(row: JobRow) -> Job:
    """A job with what came of it."""
    return Job(
        id=row.id,
        status=row.status,
        progress=Progress(done=row.done, total=row.total),
        operation=row.operation,
        result=None if row.result is None else json.loads(row.result),
        problem=None if row.problem is None else ProblemDocument.model_validate(row.problem),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        kept_until=None if row.ended_at is None else row.ended_at + KEPT,
    )
