"""Computations beside the event loop: answered at once when they are small, as jobs when they are not."""

import threading
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import anyio
from anyio import to_thread
from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse

from services.calculation_engine.api.documents import shown
from services.calculation_engine.domain.bounds import EXAMINED, INLINE, Bounds
from services.calculation_engine.domain.errors import EngineError, TooLarge
from services.calculation_engine.domain.interruption import interruptible
from services.calculation_engine.jobs.ending import job_path
from services.calculation_engine.jobs.operations import Operation
from services.calculation_engine.jobs.refusals import CannotCompute, problem_of
from services.calculation_engine.settings import settings_of
from services.calculation_engine.store.jobs import Jobs
from services.chassis.access import IdempotencyKey, claim_key, open_unit_of_work
from services.chassis.actor import Actor
from services.chassis.authentication import principal_of
from services.chassis.principal import Principal
from services.chassis.problems import TooManyRequests, document
from services.chassis.runtime import runtime_of
from services.schemas.base import Document
from services.schemas.jobs import Job
from services.schemas.problem import FieldError

Asked = TypeVar("Asked", bound=Document)
Found = TypeVar("Found", bound=Document)

# As many at once as a small container has cores; the rest wait their turn.
_AT_ONCE = anyio.CapacityLimiter(2)
_RETRY_S = "30"
_ASYNC = "respond-async"


class TooManyJobs(TooManyRequests):
    """The tenant has as many jobs under way as it may; `Retry-After` says when to look again."""

    code = "too_many_jobs"
    title = "Too many jobs"


async def _compute(operation: Operation[Asked, Found], asked: Asked, bounds: Bounds) -> Found:
    """What is brief is computed at once: to reach a thread takes longer.

    Raises:
        CannotCompute: the engine refuses the request.
    """
    try:
        if operation.brief(asked):
            return operation.compute(asked, bounds)
        return await _in_thread(lambda: operation.compute(asked, bounds))
    except EngineError as refusal:
        raise problem_of(refusal) from None


async def _in_thread(compute: Callable[[], Found]) -> Found:
    """Runs a computation in a thread, which ends soon after nobody waits for it any more."""
    given_up = threading.Event()
    try:
        with interruptible(given_up.is_set):
            return await to_thread.run_sync(compute, limiter=_AT_ONCE, abandon_on_cancel=True)
    finally:
        given_up.set()


def _refuse_what_no_job_can_do(operation: Operation[Any, Any], work: Mapping[str, int]) -> None:
    try:
        operation.most.admit(**work)
    except TooLarge as too_much:
        detail = f"It is too much work even for a job: {too_much}."
        fewer = FieldError(pointer="/draws", detail="ask for fewer, or for less of what is drawn for")
        raise CannotCompute(detail, code="too_much_work", errors=[fewer]) from None


def _preference(field: str) -> str:
    """Its name, without value and parameters (RFC 7240, section 2)."""
    return field.partition(";")[0].strip().lower()


class Computing:
    """Answers the POST of an operation: with its document, or with the job that will have it."""

    def __init__(self, request: Request, principal: Principal, key: str | None, *, wants_job: bool) -> None:
        self._request = request
        self._principal = principal
        self._key = key
        self._wants_job = wants_job

    async def answer(self, operation: Operation[Asked, Found], asked: Asked) -> Found | Response:
        """Raises:
        CannotCompute: the engine refuses the request.
        TooManyJobs: the tenant has enough of them under way.
        """
        bounds = EXAMINED if self._wants_job else INLINE
        try:
            return await _compute(operation, asked, bounds)
        except TooLarge as too_large:
            _refuse_what_no_job_can_do(operation, too_large.work)
            return await self._job(operation, asked)

    async def _job(self, operation: Operation[Any, Any], asked: Document) -> Response:
        uow = open_unit_of_work(self._request, Actor(self._principal.tenant, self._principal.sub))
        await claim_key(self._request, uow, self._principal, self._key)
        jobs = Jobs(uow)
        most = settings_of(self._request).tenant_jobs
        if await jobs.live() >= most:
            detail = f"Of {most} jobs at once none has ended: wait for one, or cancel one."
            raise TooManyJobs(detail, headers={"Retry-After": _RETRY_S})
        row = await jobs.add(
            operation=operation.name,
            request=await to_thread.run_sync(lambda: asked.model_dump_json().encode()),
            total=operation.draws(asked),
        )
        headers = {"Location": job_path(runtime_of(self._request).identity, row.id)}
        if self._wants_job:
            headers["Preference-Applied"] = _ASYNC
        return JSONResponse(shown(row).model_dump(mode="json"), status_code=202, headers=headers)


# A class, or a function that is not async, FastAPI would call in a thread.
async def _answering(
    request: Request,
    idempotency_key: IdempotencyKey = None,
    prefer: Annotated[
        str | None, Header(description="`respond-async` asks for a job, however small the work is.")
    ] = None,
) -> Computing:
    wants_job = _ASYNC in [_preference(each) for each in (prefer or "").split(",")]
    return Computing(request, await principal_of(request), idempotency_key, wants_job=wants_job)


Answering = Annotated[Computing, Depends(_answering)]
"""For routes that require a scope: who asks is known by then."""

COMPUTED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": Job,
        "description": "The work is large, or `Prefer: respond-async` asked for a job: `Location` is where.",
        "headers": {
            "Location": {"description": "The job.", "schema": {"type": "string"}},
            "Preference-Applied": {"description": "What of `Prefer` was done.", "schema": {"type": "string"}},
        },
    },
    **document(CannotCompute, TooManyJobs),
}
"""The `responses` of a route that answers by `Computing`."""
