"""The embedded gateway: one ASGI app that routes to the services as Kong does, from Kong's own file."""

import asyncio
import contextvars
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote

import jwt
from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis import problem_answers, problems
from services.chassis.request_context import RequestContextMiddleware
from services.chassis.tokens import INTERNAL_ISSUER
from services.launcher.routes import GatewayRoute


class Dispatcher:
    """Routes requests by path to the apps of this process, each call in a context of its own.

    It refuses internal tokens, as nobody outside may speak as a service. What no route matches goes to
    `pages`, the gateway's own.
    """

    def __init__(self, apps: Mapping[str, ASGIApp], routes: Sequence[GatewayRoute], pages: ASGIApp) -> None:
        self._apps = apps
        self._routes = [route for route in routes if route.service in apps]
        self._pages = _marked(pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = normalised(scope.get("raw_path") or quote(scope["path"]).encode())
        inner = {**scope, "path": unquote(path), "raw_path": path.encode()}
        await _isolated(self._target(inner, path), inner, receive, send)

    def _target(self, scope: Scope, path: str) -> ASGIApp:
        """Kong's order: the first route that matches, and only then whether the caller may pass."""
        route = next((route for route in self._routes if route.matches(scope["method"], path)), None)
        if route is None:
            return self._pages
        if _speaks_as_a_service(Headers(scope=scope).get("authorization")):
            refusal = problems.Unauthenticated("Internal tokens end at the gateway.", error="invalid_token")
            return _marked(problem_answers.answer(Request(scope), refusal))
        return self._apps[route.service]


def _marked(app: ASGIApp) -> ASGIApp:
    """An app whose answers carry a request id, as those of the services do."""
    return RequestContextMiddleware(app, "gateway")


def normalised(raw_path: bytes) -> str:
    """The path as Kong matches and forwards it: unreserved characters decoded, `//`, `.`, `..` resolved."""
    text = raw_path.decode("ascii", errors="replace")
    path = re.sub(r"%[0-9A-Fa-f]{2}", lambda found: _unreserved(found.group()), text)
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in {"", "."}:
            kept.append(segment)
    ends_as_a_folder = bool(kept) and path.rpartition("/")[2] in {"", ".", ".."}
    return "/" + "/".join(kept) + ("/" if ends_as_a_folder else "")


def _unreserved(escape: str) -> str:
    character = unquote(escape)
    return character if re.fullmatch(r"[A-Za-z0-9._~-]", character) else escape.upper()


def _speaks_as_a_service(authorization: str | None) -> bool:
    """Whether the token says that it is internal; whether it truly is, is not the gateway's to check.

    The header is read exactly as the services read it, or a spelling that they alone understand would pass.
    """
    _, token = get_authorization_scheme_param(authorization)
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        return False
    return bool(claims.get("iss") == INTERNAL_ISSUER)


async def _isolated(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def call() -> None:
        await app(scope, receive, send)

    await asyncio.create_task(call(), context=contextvars.Context())
