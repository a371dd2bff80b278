"""How exceptions become problem+json answers: one table of translations, one renderer."""

from collections.abc import Callable, Iterable
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc as sql
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from services.chassis import problems
from services.chassis.absence import AWAY, is_away
from services.chassis.problems import Problem
from services.chassis.telemetry.traces import current_trace_id
from services.schemas.problem import FieldError, ProblemDocument

log = structlog.get_logger(__name__)

_BY_STATUS: dict[int, type[Problem]] = {
    400: problems.BadRequest,
    403: problems.Forbidden,
    404: problems.NotFound,
    405: problems.MethodNotAllowed,
    413: problems.PayloadTooLarge,
    415: problems.UnsupportedMediaType,
    422: problems.Unprocessable,
    503: problems.Unavailable,
}

_KEY_ITSELF = "[key]"  # pydantic's last step where a key, not its value, is at fault
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# SQLSTATEs of work that the next attempt may finish: deadlock, lost race, lock not had, too slow.
_PASSING_SQLSTATES = ("40", "55P03", "57014")
# PostgreSQL's text has every character but NUL, which JSON may name.
_UNKEEPABLE_TEXT = frozenset({"22021", "22P05"})


def answer(request: Request, problem: Problem) -> Response:
    """The HTTP answer for a problem."""
    return Response(
        document_of(problem, request.url.path).model_dump_json(),
        status_code=problem.status,
        headers=problem.headers,
        media_type=problems.MEDIA_TYPE,
    )


def document_of(problem: Problem, instance: str) -> ProblemDocument:
    """A problem as a document; `instance` is the path of what it happened to."""
    return ProblemDocument(
        type=f"urn:valueverse:problem:{problem.problem_code}",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        instance=instance,
        code=problem.problem_code,
        trace_id=current_trace_id(),
        errors=problem.errors,
    )


def translate(error: BaseException) -> Problem:
    """The problem that an exception stands for; what nobody foresaw is an `InternalError` without details."""
    if isinstance(error, Problem):
        return error
    for kind, translation in _TRANSLATIONS:
        if isinstance(error, kind):
            return translation(error)
    return problems.InternalError("Something went wrong on our side.")


def install(app: FastAPI) -> None:
    """Makes every exception of an app leave as problem+json."""

    async def expected(request: Request, error: Exception) -> Response:
        return answer(request, translate(error))

    async def other_method(request: Request, _error: Exception) -> Response:
        return answer(request, _method_not_allowed(request))

    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("request_failed", exc_info=error)
        return answer(request, translate(error))

    kinds: list[type[Exception]] = [Problem, *(kind for kind, _ in _TRANSLATIONS)]
    for kind in kinds:
        app.add_exception_handler(kind, expected)
    app.add_exception_handler(405, other_method)
    app.add_exception_handler(Exception, unexpected)


def _from_validation(error: Any) -> Problem:
    found = error.errors()
    malformed = next((item for item in found if item["type"] == "json_invalid"), None)
    if malformed is not None:
        position = malformed["loc"][-1]
        reason = malformed.get("ctx", {}).get("error", malformed["msg"])
        return problems.BadRequest(f"The body is not JSON: {reason} at position {position}.", code="bad_json")
    fields = [
        FieldError(
            pointer=pointer_of(item["loc"], error.body, absent=item["type"] == "missing"), detail=item["msg"]
        )
        for item in found
    ]
    detail = "; ".join(f"{field.pointer or '/'}: {field.detail}" for field in fields[:3])
    return problems.Unprocessable(
        detail or "The request is not valid.", code="validation_failed", errors=fields
    )


def pointer_of(location: tuple[str | int, ...], body: object = None, *, absent: bool = False) -> str:
    """The JSON pointer of a pydantic location: into the body, or `/query/…`, `/path/…`, `/header/…`.

    A tagged union's tag stands in the location, but not in the body, and so does the mark of a bad key: such
    steps are left out. If what is pointed to is `absent`, the last step is its name.
    """
    if not location or location[0] != "body":
        return _pointer(location)
    parts: list[str | int] = []
    inner = body
    for position, step in enumerate(location[1:], start=2):
        known, inner_of_step = _step_into(inner, step)
        is_name = absent and position == len(location)
        if known or is_name or not (_is_tag(step, inner) or step == _KEY_ITSELF):
            parts.append(step)
            inner = inner_of_step
    return _pointer(parts)


def _is_tag(step: str | int, inner: object) -> bool:
    return isinstance(inner, dict) and step in inner.values()


def _step_into(inner: object, step: str | int) -> tuple[bool, object]:
    if isinstance(inner, dict) and step in inner:
        return True, inner[step]
    if isinstance(inner, list) and isinstance(step, int) and step < len(inner):
        return True, inner[step]
    return False, None


def _pointer(parts: Iterable[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _from_http(error: Any) -> Problem:
    if isinstance(error.__cause__, Problem):  # raised while the body was read, and taken for its fault
        return error.__cause__
    kind = _BY_STATUS.get(error.status_code, problems.InternalError)
    detail = error.detail if isinstance(error.detail, str) else kind.title
    if kind is problems.Unavailable:
        return problems.Unavailable(detail)
    reason = _why_unreadable(error.__cause__)
    if reason is not None:
        return problems.BadRequest(f"The body is not JSON: {reason}.", code="bad_json")
    return kind(detail, headers=error.headers)


def _why_unreadable(cause: BaseException | None) -> str | None:
    """Why a body could not be read as JSON, beyond its grammar; None if nothing of the kind happened."""
    match cause:
        case UnicodeDecodeError():
            return f"not UTF-8 at position {cause.start}"
        case RecursionError():
            return "it is nested too deeply"
        case ValueError() if "digits" in str(cause):
            return "a number has too many digits"
    return None


def _method_not_allowed(request: Request) -> Problem:
    """Each method is a route of its own here, and the router's `Allow` would name the first one's alone."""
    routes = request.app.router.routes
    allowed = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return problems.MethodNotAllowed(
        f"This takes {', '.join(allowed)}.", headers={"Allow": ", ".join(allowed)}
    )


def _from_database(error: Any) -> Problem:
    if is_away(error):
        return _away(error)
    state = getattr(error.orig, "sqlstate", None) or ""
    if state.startswith(_PASSING_SQLSTATES):
        return problems.Unavailable("The database could not finish this in time.")
    if state in _UNKEEPABLE_TEXT:
        return problems.Unprocessable("A text holds a NUL character, which no field keeps.", code="bad_text")
    log.error("database_refused", exc_info=error)
    return problems.InternalError("Something went wrong on our side.")


def _away(_error: Any) -> Problem:
    return problems.Unavailable("The database is away for the moment.")


def _conflict(_error: Any) -> Problem:
    return problems.Conflict("This contradicts something that is already there.")


def _lost_race(_error: Any) -> Problem:
    return problems.PreconditionFailed("Somebody else changed it first; read it again.")


_TRANSLATIONS: tuple[tuple[type[Exception], Callable[[Any], Problem]], ...] = (
    (RequestValidationError, _from_validation),
    (HTTPException, _from_http),
    (StaleDataError, _lost_race),
    (sql.IntegrityError, _conflict),
    (sql.DBAPIError, _from_database),
    *((kind, _away) for kind in AWAY),
    (TimeoutError, _away),  # of a connection that was tried before its use
)
