"""The embedded gateway: one ASGI app that routes to the services as Kong does, from Kong's own file."""

import asyncio
import contextvars
import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import jwt
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis import problem_answers, problems
from services.chassis.metrics_endpoint import PATH as METRICS_PATH
from services.chassis.telemetry import metrics
from services.chassis.tokens import INTERNAL_ISSUER
from services.launcher.routes import GatewayRoute


class NoRoute(problems.NotFound):
    """No service has this path."""

    code = "no_route"


class Dispatcher:
    """Routes requests by path to apps of this process, each call in a context of its own.

    It refuses internal tokens, as nobody outside may speak as a service. Besides the services' paths it
    answers `/` (where everything is), `/health`, and the joined metrics of all services.
    """

    def __init__(self, apps: Mapping[str, FastAPI], routes: Sequence[GatewayRoute]) -> None:
        self._apps = apps
        self._routes = [route for route in routes if route.service in apps]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = normalised(scope.get("raw_path") or quote(scope["path"]).encode())
        target = self._own_answer(scope, path) or self._routed(scope, path)
        if isinstance(target, Response):
            await target(scope, receive, send)
            return
        inner = {**scope, "path": unquote(path), "raw_path": path.encode()}
        await _isolated(target, inner, receive, send)

    def _own_answer(self, scope: Scope, path: str) -> Response | None:
        if path == "/":
            docs = {name: f"{_prefix(app)}/docs" for name, app in self._apps.items()}
            return JSONResponse({"name": "ValueVerse", "docs": docs, "metrics": METRICS_PATH})
        if path == "/health":
            return JSONResponse({"status": "healthy"})
        if path == METRICS_PATH:
            accept = Headers(scope=scope).get("accept", "")
            body, content_type = metrics.render(
                [app.state.runtime.metrics for app in self._apps.values()], accept
            )
            return Response(body, headers={"Content-Type": content_type})
        return None

    def _routed(self, scope: Scope, path: str) -> ASGIApp | Response:
        route = next((route for route in self._routes if route.matches(scope["method"], path)), None)
        if route is None:
            return problem_answers.answer(Request(scope), NoRoute("No service has this path."))
        if _speaks_as_a_service(Headers(scope=scope).get("authorization", "")):
            refusal = problems.Unauthenticated("Internal tokens end at the gateway.", error="invalid_token")
            return problem_answers.answer(Request(scope), refusal)
        return self._apps[route.service]


def normalised(raw_path: bytes) -> str:
    """The path as Kong matches it: unreserved characters decoded, `//`, `.` and `..` resolved."""
    path = re.sub(
        r"%[0-9A-Fa-f]{2}",
        lambda found: _unreserved(found.group()),
        raw_path.decode("ascii", errors="replace"),
    )
    collapsed = posixpath.normpath("/" + path.lstrip("/"))
    return collapsed + "/" if path.endswith("/") and collapsed != "/" else collapsed


def _unreserved(escape: str) -> str:
    character = unquote(escape)
    return character if re.fullmatch(r"[A-Za-z0-9._~-]", character) else escape.upper()


def _prefix(app: FastAPI) -> str:
    prefix: str = app.state.runtime.identity.prefix
    return prefix


def _speaks_as_a_service(authorization: str) -> bool:
    """Whether the token says that it is internal; whether it truly is, is not the gateway's to check."""
    try:
        claims: dict[str, Any] = jwt.decode(
            authorization.partition(" ")[2], options={"verify_signature": False}
        )
    except (jwt.PyJWTError, ValueError):
        return False
    return claims.get("iss") == INTERNAL_ISSUER


async def _isolated(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def call() -> None:
        await app(scope, receive, send)

    await asyncio.create_task(call(), context=contextvars.Context())
