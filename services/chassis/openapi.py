"""What FastAPI's OpenAPI leaves out: problem+json for every error a route can answer, and its body limit."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from services.chassis import problems
from services.schemas.problem import ProblemDocument

_EVERYWHERE = (problems.BadRequest, problems.MethodNotAllowed, problems.Unprocessable, problems.InternalError)
_WITH_TOKEN = (
    problems.Unauthenticated,
    problems.Forbidden,
    problems.TooManyRequests,
    problems.Unavailable,
    problems.DeadlineExceeded,
)
_WITH_BODY = (problems.PayloadTooLarge, problems.UnsupportedMediaType)
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})


def install(app: FastAPI) -> None:
    """Gives the app an `openapi()` that documents every problem."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    description=app.description,
                    routes=app.routes,
                    tags=app.openapi_tags,
                )
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemDocument"] = problem
    for path in schema.get("paths", {}).values():
        for method, operation in path.items():
            if method in _METHODS:
                _complete_operation(operation)
    return schema


def _complete_operation(operation: dict[str, Any]) -> None:
    kinds: list[type[problems.Problem]] = [*_EVERYWHERE]
    if operation.get("security"):
        kinds += _WITH_TOKEN
    if "requestBody" in operation:
        kinds += _WITH_BODY
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", [])):
        kinds.append(problems.NotFound)
    responses = operation["responses"]
    responses.pop("422", None)
    for status, documented in problems.document(*kinds).items():
        responses.setdefault(str(status), documented)
    operation["responses"] = dict(sorted(responses.items()))
