"""Long work: a job, as it stands."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from services.schemas.base import Document, Id, Timestamp
from services.schemas.problem import ProblemDocument

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Progress(Document):
    """How many draws of how many are done and counted; work that draws nothing is one piece."""

    done: Annotated[int, Field(ge=0)]
    total: Annotated[int, Field(ge=1)]


class JobState(Document):
    """How far a job is: what its events carry."""

    id: Id
    status: JobStatus
    progress: Progress


class Job(JobState):
    """A computation that nobody needs to wait for.

    `operation` is the resource whose POST asked for it. `result` is there once it has `succeeded`: the
    document that the POST would have answered. `problem` is there once it has `failed`. Both are kept until
    `kept_until`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0197a1f0-5a4c-7c0e-9f5e-6d1f2f3a4b5c",
                    "status": "running",
                    "progress": {"done": 3_145_728, "total": 10_000_000},
                    "operation": "simulations",
                    "result": None,
                    "problem": None,
                    "created_at": "2026-03-02T09:30:00Z",
                    "started_at": "2026-03-02T09:30:00.3Z",
                    "ended_at": None,
                    "kept_until": None,
                }
            ]
        }
    )

    operation: str
    result: dict[str, Any] | None
    problem: ProblemDocument | None
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None
    kept_until: Timestamp | None
