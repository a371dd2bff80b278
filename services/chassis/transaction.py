"""The one commit of a request, and the route class that makes it."""

import email.message
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import anyio
from fastapi import APIRouter, Request, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from pydantic_core import from_json
from starlette.responses import Response
from starlette.types import Message

from services.chassis import problem_answers, problems
from services.chassis.authentication import principal_of
from services.chassis.deadline import TIMEOUT_HEADER, Deadline, deadline_scope
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.problem import FieldError

BODY_LIMIT = "x-body-limit"
DEFAULT_BODY_LIMIT = 1024 * 1024


class AnswerKeeper(Protocol):
    """What keeps a request's answer beside its effect (an idempotency claim)."""

    async def keep(self, uow: UnitOfWork, response: Response) -> None: ...
    def kept(self) -> None: ...
    async def keep_refusal(self, response: Response) -> None: ...
    async def close(self) -> None: ...


class Answered(Exception):
    """Raised by a dependency that already has the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__("already answered")
        self.response = response


@dataclass
class RequestTransaction:
    """What one request has opened: at most one unit of work, and the claim on its idempotency key."""

    unit_of_work: UnitOfWork | None = None
    keeper: AnswerKeeper | None = None
    committed: list[Callable[[], None]] = field(default_factory=list)

    async def commit(self, response: Response) -> None:
        """Commits state, events and the kept answer at once; then calls what waited for the commit."""
        uow = self.unit_of_work
        if uow is None:
            return
        if self.keeper is not None:
            await self.keeper.keep(uow, response)
        await uow.commit()
        if self.keeper is not None:
            self.keeper.kept()
        if uow.has_events:
            for wake in self.committed:
                wake()

    async def abandon(self, refusal: Response) -> None:
        """Rolls back; a refusal that would come again is kept, anything else may be tried again."""
        await self._roll_back()
        if self.keeper is None:
            return
        if refusal.status_code < 500 and refusal.status_code not in {401, 403, 429}:  # noqa: PLR2004
            await self.keeper.keep_refusal(refusal)

    async def close(self) -> None:
        """However the request ended: what was not committed is rolled back, and its key is free again."""
        if self.unit_of_work is None and self.keeper is None:
            return
        with anyio.CancelScope(shield=True):
            await self._roll_back()
            if self.keeper is not None:
                await self.keeper.close()

    async def _roll_back(self) -> None:
        if self.unit_of_work is not None:
            await self.unit_of_work.session.close()


class ServiceRoute(APIRoute):
    """A route that refuses what it does not know, keeps the caller's deadline, and commits once.

    The unit of work that a dependency opened is committed after the answer is made and before it is sent; any
    exception rolls it back.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        known = _query_names(self.dependant)
        needs_token = _needs_token(self.dependant)
        takes_json = self.body_field is not None and not _takes_form(self.dependant)

        limit = (self.openapi_extra or {}).get(BODY_LIMIT, DEFAULT_BODY_LIMIT)

        async def handle(request: Request) -> Response:
            request = _limited(request, limit)
            if needs_token:
                await principal_of(request)
            _refuse_unknown_query(request, known)
            if takes_json:
                _refuse_other_content(request)
            return await _within_deadline(request, lambda: _in_one_transaction(request, inner))

        return handle


def resource(prefix: str) -> APIRouter:
    """The router of one resource: `resource("/models")`; its routes commit once, and the tag is its name."""
    return APIRouter(prefix=prefix, tags=[prefix.strip("/")], route_class=ServiceRoute)


def body_limit(size: int) -> dict[str, Any]:
    """The `openapi_extra` of a route whose body may have `size` bytes instead of 1 MiB."""
    return {BODY_LIMIT: size}


async def _in_one_transaction(request: Request, inner: Callable[[Request], Awaitable[Response]]) -> Response:
    transaction = RequestTransaction()
    request.state.transaction = transaction
    try:
        response = await inner(request)
        await transaction.commit(response)
    except Answered as answered:
        return answered.response
    except Exception as error:
        await transaction.abandon(problem_answers.answer(request, problem_answers.translate(error)))
        raise
    finally:
        await transaction.close()
    return response


async def _within_deadline(request: Request, work: Callable[[], Awaitable[Response]]) -> Response:
    try:
        deadline = Deadline.from_header(request.headers.get(TIMEOUT_HEADER))
    except ValueError as error:
        fields = [FieldError(pointer=f"/header/{TIMEOUT_HEADER}", detail=str(error))]
        raise problems.Unprocessable(str(error), code="validation_failed", errors=fields) from None
    if deadline is None:
        return await work()
    async with deadline_scope(deadline):
        return await work()


def _takes_form(dependant: Dependant) -> bool:
    return any(isinstance(param.field_info, params.Form) for param in dependant.body_params)


class _JsonRequest(Request):
    """A request whose JSON is read by the parser that validates it, in half the time. What that refuses the
    standard one reads, or says what is wrong with it."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            return from_json(body)
        except ValueError:
            return await super().json()


def _limited(request: Request, limit: int) -> Request:
    """The request, with a body that ends in `PayloadTooLarge` past the limit."""
    refusal = problems.PayloadTooLarge(f"The body may have {limit} bytes here.")
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > limit:
        raise refusal
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise refusal
        return message

    return _JsonRequest(request.scope, receive)


def _needs_token(dependant: Dependant) -> bool:
    # A security scheme is called like any other dependency, whatever the annotation says.
    call: object = dependant.call
    return isinstance(call, SecurityBase) or any(_needs_token(inner) for inner in dependant.dependencies)


def _query_names(dependant: Dependant) -> frozenset[str]:
    names = {param.alias for param in dependant.query_params}
    for inner in dependant.dependencies:
        names |= _query_names(inner)
    return frozenset(names)


def _refuse_unknown_query(request: Request, known: frozenset[str]) -> None:
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        fields = [FieldError(pointer=f"/query/{name}", detail="Unknown parameter") for name in unknown]
        raise problems.Unprocessable(
            f"Unknown query parameter: {', '.join(unknown)}.", code="validation_failed", errors=fields
        )


def _refuse_other_content(request: Request) -> None:
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if not has_body:
        return
    if not _is_json(request.headers.get("content-type", "")):
        raise problems.UnsupportedMediaType("This route takes application/json.")


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    message = email.message.Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )
