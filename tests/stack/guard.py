"""What stands before a route: token check, body size, rate limit, each as the plug-in of kong.yml says."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.ids import new_id
from services.chassis.telemetry.logs import bound
from services.launcher.routes import GatewayRoute
from tests.stack.instruments import Instruments

_PROBLEMS = {
    401: ("Unauthorized", "unauthenticated"),
    404: ("Not Found", "no_route"),
    413: ("Content Too Large", "payload_too_large"),
    429: ("Too Many Requests", "too_many_requests"),
}


@dataclass(frozen=True)
class Rules:
    """The file's plug-ins, by where they hold, and who may sign."""

    everywhere: Mapping[str, Any]
    by_service: Mapping[str, Mapping[str, Any]]
    by_route: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, tuple[str, str]]  # from `iss` to algorithm and key

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Rules":
        services = document["services"]
        return cls(
            everywhere=_configs(document),
            by_service={each["name"]: _configs(each) for each in services},
            by_route={route["name"]: _configs(route) for each in services for route in each["routes"]},
            keys={
                found["key"]: (found["algorithm"], found.get("secret") or found["rsa_public_key"])
                for consumer in document["consumers"]
                for found in consumer["jwt_secrets"]
            },
        )

    def plugin(self, route: GatewayRoute, name: str) -> Any:
        """The nearest configuration: the route's, the service's, or the gateway's; None without one."""
        near = (self.by_route[route.name], self.by_service[route.service], self.everywhere)
        return next((configs[name] for configs in near if name in configs), None)


def _configs(entity: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each["config"] for each in entity.get("plugins", ())}


class _Refused(Exception):
    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})


class Guard:
    """One route's guard before its service."""

    def __init__(
        self,
        rules: Rules,
        route: GatewayRoute,
        redis: Redis,
        instruments: Instruments,
        service: ASGIApp,
    ) -> None:
        self._rules = rules
        self._route = route
        self._redis = redis
        self._instruments = instruments
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = (self._route.service, self._route.name)
        with self._instruments.asked(scope, *names) as carried:
            headers = MutableHeaders(raw=list(scope["headers"]))
            for name, value in {**carried, "x-rate-key": _budget(headers, scope)}.items():
                headers[name] = value
            headers.setdefault("x-request-id", str(new_id()))
            inner = {**scope, "headers": headers.raw}

            async def tell(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message).update(marks)
                    self._instruments.answered(*names, message["status"], source)
                await send(message)

            marks = {"x-request-id": headers["x-request-id"]}
            source = "service"
            try:
                self._check_token(headers)
                self._check_size(headers)
                marks.update(await self._count(headers, scope))
            except _Refused as refusal:
                source = "kong"
                await _problem(refusal, scope["path"], headers["x-request-id"])(inner, receive, tell)
                return
            await self._service(inner, receive, tell)

    def _check_token(self, headers: Headers) -> None:
        config = self._rules.plugin(self._route, "jwt")
        if config is None:
            return
        challenge = f'Bearer realm="{config["realm"]}"'
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _Refused(401, "Unauthorized", {"WWW-Authenticate": challenge})
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            algorithm, key = self._rules.keys[claims[config["key_claim_name"]]]
            checks = {"require": config["claims_to_verify"], "verify_aud": False, "verify_nbf": False}
            jwt.decode(token, key, algorithms=[algorithm], options=checks)  # type: ignore[arg-type]
            if claims["exp"] - time.time() > config["maximum_expiration"]:
                raise _Refused(401, "exceeds maximum allowed expiration")
        except (jwt.PyJWTError, KeyError) as error:
            refused = {"WWW-Authenticate": f'{challenge}, error="invalid_token"'}
            raise _Refused(401, f"Invalid token ({type(error).__name__})", refused) from None

    def _check_size(self, headers: Headers) -> None:
        config = self._rules.plugin(self._route, "request-size-limiting")
        if config and int(headers.get("content-length", 0)) > config["allowed_payload_size"]:
            raise _Refused(413, "Request size limit exceeded")

    async def _count(self, headers: Headers, scope: Scope) -> dict[str, str]:
        """Counts the request in its window of a minute; the limit's headers, none while Redis is away."""
        config = self._rules.plugin(self._route, "rate-limiting")
        if config is None:
            return {}
        by_address = config["limit_by"] == "ip"
        who = scope["client"][0] if by_address else headers[config["header_name"]]
        now = int(time.time())
        left = 60 - now % 60
        key = f"ratelimit:{self._route.name}:{who}:{now - now % 60}:minute"
        try:
            async with self._redis.pipeline() as pipeline:
                pipeline.incr(key)
                pipeline.expire(key, 60)
                used, _ = await pipeline.execute()
        except (RedisError, OSError):
            if not config["fault_tolerant"]:
                raise _Refused(500, "An unexpected error occurred") from None
            return {}
        told = {
            "RateLimit-Limit": str(config["minute"]),
            "RateLimit-Remaining": str(max(0, config["minute"] - used)),
            "RateLimit-Reset": str(left),
        }
        if used > config["minute"]:
            raise _Refused(429, "API rate limit exceeded", {**told, "Retry-After": str(left)})
        return told


def _budget(headers: Headers, scope: Scope) -> str:
    """As the pre-function: the token's `sub`, else the address."""
    try:
        _, _, token = headers.get("authorization", "").partition(" ")
        return f"user:{jwt.decode(token, options={'verify_signature': False})['sub']}"
    except (jwt.PyJWTError, KeyError):
        return f"address:{scope['client'][0]}"


def _problem(refusal: _Refused, path: str, request_id: str) -> Response:
    title, code = _PROBLEMS.get(refusal.status, ("Error", f"gateway_{refusal.status}"))
    body = {
        "type": "about:blank",
        "title": title,
        "status": refusal.status,
        "detail": str(refusal),
        "instance": path,
        "code": code,
        "request_id": request_id,
    }
    return JSONResponse(body, refusal.status, refusal.headers, "application/problem+json")


async def no_route(scope: Scope, receive: Receive, send: Send) -> None:
    """What no route matches; its id is that with which the dispatcher marks the answer."""
    refusal = _Refused(404, "no Route matched with those values")
    await _problem(refusal, scope["path"], str(bound("request_id")))(scope, receive, send)
