"""Swagger UI, served by the service itself: nothing is loaded from elsewhere."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import FileResponse, HTMLResponse, JSONResponse

from services.chassis import problems

# fastapi-swagger is used for the current Swagger UI files it carries, not for its code.
_ASSETS = Path(str(files("fastapi_swagger") / "resources"))
_MEDIA_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

router = APIRouter(include_in_schema=False)


def _base(request: Request) -> str:
    return request.url.path.partition("/docs")[0].removesuffix("/openapi.json")


@router.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    base = _base(request)
    return get_swagger_ui_html(
        openapi_url=f"{base}/openapi.json",
        title=request.app.title,
        swagger_js_url=f"{base}/docs/swagger-ui-bundle.js",
        swagger_css_url=f"{base}/docs/swagger-ui.css",
        swagger_favicon_url=f"{base}/docs/favicon-32x32.png",
        swagger_ui_parameters={"persistAuthorization": True, "tryItOutEnabled": True},
    )


@router.get("/docs/{asset}")
async def asset(asset: str) -> FileResponse:
    if asset not in _MEDIA_TYPES:
        raise problems.NotFound("There is no such asset.")
    return FileResponse(
        _ASSETS / asset, media_type=_MEDIA_TYPES[asset], headers={"Cache-Control": "public, max-age=86400"}
    )
