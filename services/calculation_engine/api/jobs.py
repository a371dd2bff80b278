"""Jobs: long work, how far it is, what came of it, and its end before that."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.calculation_engine.api.documents import shown
from services.calculation_engine.api.streams import TooManyStreams, one_stream
from services.calculation_engine.jobs.changes import changes, tell
from services.calculation_engine.store.jobs import JobRow, Jobs
from services.chassis.access import CurrentPrincipal, Work, requires
from services.chassis.actor import Actor
from services.chassis.problems import Conflict, NotFound, document
from services.chassis.runtime import runtime_of
from services.chassis.stopping import is_stopping
from services.chassis.transaction import resource
from services.schemas.jobs import Job, JobState, Progress

router = resource("/jobs")

_LOOK_EVERY_S = 1.0
_LONGEST_S = 600.0


class JobEnded(Conflict):
    """The job has ended in another way: there is nothing left to cancel."""

    code = "job_ended"
    title = "Job ended"


async def existing(job_id: UUID, uow: Work) -> JobRow:
    """The job of a route's path.

    Raises:
        NotFound: the tenant has no such job, or it is no longer kept.
    """
    row = await Jobs(uow).find(job_id)
    if row is None:
        raise NotFound("There is no such job.")
    return row


Existing = Annotated[JobRow, Depends(existing)]


@router.get("/{job_id}", dependencies=[requires("calculation-engine:read")], summary="Read a job")
async def get_job(job: Existing) -> Job:
    """How far it is, and once it has ended its result or its problem, for a day."""
    return shown(job)


@router.get(
    "/{job_id}/events",
    dependencies=[requires("calculation-engine:read"), Depends(one_stream)],
    summary="Follow a job",
    response_class=EventSourceResponse,
    responses=document(TooManyStreams),
)
async def follow_job(
    job: Existing, request: Request, principal: CurrentPrincipal
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `progress` with how far the job is, at once and whenever that has changed, then one
    named after how it ended (`succeeded`, `failed`, `cancelled`), with which the stream ends. Nothing is
    numbered: who connects again, as all have to after ten minutes and when the service stops, is told how it
    stands now. Comments keep the connection alive."""
    runtime = runtime_of(request)
    actor = Actor(principal.tenant, principal.sub)
    told: JobState | None = None
    until = runtime.clock.monotonic() + _LONGEST_S  # then the token is looked at again
    async with changes(runtime.cache, job.id, every_s=_LOOK_EVERY_S) as changed:
        async for _ in changed:
            async with runtime.database.unit_of_work(actor) as uow:
                standing = await Jobs(uow).standing(job.id)
            if standing is None:
                return  # no longer kept
            state = JobState(
                id=job.id,
                status=standing.status,
                progress=Progress(done=standing.done, total=standing.total),
            )
            if state != told:
                yield ServerSentEvent(data=state, event="progress" if standing.is_live else standing.status)
            if not standing.is_live or runtime.clock.monotonic() > until or is_stopping(request):
                return
            told = state


@router.delete(
    "/{job_id}",
    dependencies=[requires("calculation-engine:write")],
    summary="Cancel a job",
    responses=document(JobEnded),
)
async def cancel_job(job: Existing, uow: Work, request: Request, afterwards: BackgroundTasks) -> Job:
    """Its work stops within a block of draws wherever it is done. Again is harmless."""
    await Jobs(uow).cancel(job.id)
    await uow.session.refresh(job)
    if job.status != "cancelled":
        raise JobEnded(f"The job has {job.status}.")
    afterwards.add_task(tell, runtime_of(request).cache, job.id)
    return shown(job)
