"""Where Prometheus reads a service's metrics. The gateway does not route it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.chassis.runtime import runtime_of

PATH = "/api/v1/metrics"

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def metrics(request: Request) -> Response:
    body, content_type = runtime_of(request).metrics.render(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type})
