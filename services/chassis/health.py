"""Health: alive, and ready with each dependency named. A dependency that is away degrades; only the database
makes a service unready, as nothing can be accepted without it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from fastapi import APIRouter, Request, Response

from services.chassis.runtime import Runtime, runtime_of
from services.schemas.base import Document

_PATIENCE_S = 2.0


class Liveness(Document):
    """The process answers."""

    status: Literal["healthy"] = "healthy"


class Dependency(Document):
    """One dependency: `up`, or `down` and why in one word."""

    status: Literal["up", "down"]
    detail: str | None = None


class Readiness(Document):
    """Whether requests can be served: `ready`, `degraded` (something optional is away) or `unready`."""

    status: Literal["ready", "degraded", "unready"]
    dependencies: dict[str, Dependency]


Check = Callable[[], Awaitable[None]]


async def _probe(check: Check) -> Dependency:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await check()
    except Exception as error:  # noqa: BLE001  # whatever it is, the dependency is not there
        return Dependency(status="down", detail=type(error).__name__)
    return Dependency(status="up")


async def readiness_of(runtime: Runtime) -> Readiness:
    """Asks each dependency, all at once and none for longer than two seconds."""
    checks: dict[str, Check] = {
        "database": runtime.database.ping,
        "bus": runtime.bus.ping,
        "cache": runtime.cache.ping,
        "registry": runtime.registry.ping,
    }
    found = await asyncio.gather(*(_probe(check) for check in checks.values()))
    dependencies = dict(zip(checks, found, strict=True))
    if dependencies["database"].status == "down":
        return Readiness(status="unready", dependencies=dependencies)
    degraded = any(dependency.status == "down" for dependency in found)
    return Readiness(status="degraded" if degraded else "ready", dependencies=dependencies)


router = APIRouter(tags=["platform"])


@router.get("/health", summary="Is the process alive?")
async def health() -> Liveness:
    return Liveness()


@router.get(
    "/health/ready",
    summary="Can it serve requests? Each dependency by name.",
    responses={503: {"model": Readiness, "description": "The database is away: nothing can be accepted."}},
)
async def ready(request: Request, response: Response) -> Readiness:
    readiness = await readiness_of(runtime_of(request))
    if readiness.status == "unready":
        response.status_code = 503
    return readiness
