"""How jobs end that cannot be done."""

from datetime import datetime
from uuid import UUID

from services.calculation_engine.jobs.changes import tell
from services.calculation_engine.store.jobs import Jobs
from services.chassis.actor import Actor
from services.chassis.clock import Clock
from services.chassis.problem_answers import document_of
from services.chassis.problems import Problem
from services.chassis.runtime import Runtime
from services.schemas.directory import ServiceIdentity


class NotDone(Problem):
    """The job could not be done: its work fails, or takes too long, wherever it is tried."""

    status = 500
    code = "job_not_done"
    title = "Job not done"


async def fail(runtime: Runtime, tenant: UUID, job_id: UUID, problem: Problem) -> None:
    """Ends a job, unless it has ended."""
    document = document_of(problem, job_path(runtime.identity, job_id)).model_dump(mode="json")
    async with runtime.database.unit_of_work(Actor(tenant, runtime.identity.name)) as uow:
        await Jobs(uow).fail(job_id, document)
        await uow.commit()
    await tell(runtime.cache, job_id)


def job_path(identity: ServiceIdentity, job_id: UUID) -> str:
    """Where a job is found."""
    return f"{identity.prefix}/jobs/{job_id}"


def is_over(deadline: str | None, clock: Clock) -> bool:
    """Whether the time that a message's label gives has passed."""
    return deadline is not None and datetime.fromisoformat(deadline) <= clock.now()
