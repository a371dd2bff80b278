"""Every error that a service answers, as RFC 9457 problem details.

    Problem
    ├── BadRequest 400          malformed JSON, a bad cursor
    ├── Unauthenticated 401     no token, or a bad one
    ├── Forbidden 403           the scope is missing, or the tenant is unknown
    ├── NotFound 404            no such thing in this tenant
    ├── Conflict 409            the state does not allow it
    ├── PreconditionFailed 412  somebody else changed it first
    ├── PayloadTooLarge 413
    ├── UnsupportedMediaType 415
    ├── Unprocessable 422       well-formed, but wrong
    ├── PreconditionRequired 428
    ├── TooManyRequests 429
    ├── InternalError 500
    ├── Unavailable 503         a dependency is away; try again
    └── DeadlineExceeded 504

Each class carries its status, its stable code and its documentation into OpenAPI.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from services.schemas.problem import FieldError

MEDIA_TYPE = "application/problem+json"
SCHEMA_REF = "#/components/schemas/ProblemDocument"


class Problem(Exception):
    """An error with an HTTP status. `detail` is for people, `code` for programs, `errors` name bad fields."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problem_code = code or type(self).code
        self.errors = list(errors)
        self.headers = dict(headers or {})


class BadRequest(Problem):
    """The request cannot be read: malformed JSON, a bad cursor, an unknown query parameter."""

    status = 400
    code = "bad_request"
    title = "Bad request"


class Unauthenticated(Problem):
    """There is no token, or it is not valid here; `WWW-Authenticate` says why."""

    status = 401
    code = "unauthenticated"
    title = "Unauthenticated"

    def __init__(self, detail: str, *, error: str | None = None) -> None:
        challenge = 'Bearer realm="valueverse"' + (f', error="{error}"' if error else "")
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class Forbidden(Problem):
    """The token's scopes or tenant do not allow this."""

    status = 403
    code = "forbidden"
    title = "Forbidden"


class NotFound(Problem):
    """There is no such thing in this tenant."""

    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowed(Problem):
    """The path exists, the method does not; `Allow` names those that do."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class Conflict(Problem):
    """The state of the thing does not allow this."""

    status = 409
    code = "conflict"
    title = "Conflict"


class PreconditionFailed(Problem):
    """`If-Match` names another version: somebody changed it first. Read it again."""

    status = 412
    code = "precondition_failed"
    title = "Precondition failed"


class PayloadTooLarge(Problem):
    """The body is larger than this route takes."""

    status = 413
    code = "payload_too_large"
    title = "Payload too large"


class UnsupportedMediaType(Problem):
    """The body's content type is not what this route takes."""

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class Unprocessable(Problem):
    """The request is well-formed but wrong; `errors` point to the fields."""

    status = 422
    code = "unprocessable"
    title = "Unprocessable content"


class PreconditionRequired(Problem):
    """A change needs `If-Match` with the ETag that was read."""

    status = 428
    code = "precondition_required"
    title = "Precondition required"


class TooManyRequests(Problem):
    """The tenant's rate limit is reached; `Retry-After` says for how long."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"


class InternalError(Problem):
    """A fault of ours; quote the `trace_id`."""


class Unavailable(Problem):
    """Something this needs is away for now; try again after `Retry-After` seconds."""

    status = 503
    code = "unavailable"
    title = "Unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_s)})


class DeadlineExceeded(Problem):
    """The time that the caller gave (`X-Timeout-Ms`) ran out; work past it was stopped."""

    status = 504
    code = "deadline_exceeded"
    title = "Deadline exceeded"


def document(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for the problems that it can answer, beyond those that every route has."""
    documented: dict[int | str, dict[str, Any]] = {}
    for problem in problems:
        documented[problem.status] = {
            "description": " ".join((problem.__doc__ or problem.title).split()),
            "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA_REF}}},
        }
    return documented
