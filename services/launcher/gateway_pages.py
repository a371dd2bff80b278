"""What the embedded gateway answers by itself: where everything is, its health, all services' metrics."""

from collections.abc import Callable, Sequence
from html import escape

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from services.chassis import problem_answers, problems
from services.chassis.metrics_endpoint import PATH as METRICS_PATH
from services.schemas.directory import ServiceIdentity

# From what a scraper accepts to the joined metrics and their content type.
RenderMetrics = Callable[[str], tuple[bytes, str]]


class NoRoute(problems.NotFound):
    """No service has this path."""

    code = "no_route"


def gateway_pages(services: Sequence[ServiceIdentity], render_metrics: RenderMetrics) -> Starlette:
    """The gateway's own pages as an app; every other path is a 404 `no_route`."""

    async def index(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_index_page(services))
        docs = {service.name: f"{service.prefix}/docs" for service in services}
        return JSONResponse({"name": "ValueVerse", "docs": docs, "metrics": METRICS_PATH})

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "healthy"})

    async def metrics(request: Request) -> Response:
        body, content_type = render_metrics(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    pages = {"/": index, "/health": health, METRICS_PATH: metrics}
    return Starlette(
        routes=[Route(path, page) for path, page in pages.items()],
        exception_handlers={HTTPException: _problem},
    )


async def _problem(request: Request, error: Exception) -> Response:
    problem = problem_answers.translate(error)
    if isinstance(problem, problems.NotFound):
        problem = NoRoute("No service has this path.")
    return problem_answers.answer(request, problem)


def _index_page(services: Sequence[ServiceIdentity]) -> str:
    links = {f"{service.prefix}/docs": service.title for service in services} | {METRICS_PATH: "Metrics"}
    items = "".join(f'<li><a href="{path}">{escape(name)}</a></li>' for path, name in links.items())
    return f"<!doctype html><title>ValueVerse</title><h1>ValueVerse</h1><ul>{items}</ul>"
