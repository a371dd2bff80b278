import httpx2
import structlog
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from services.chassis.request_context import RequestContextMiddleware

log = structlog.get_logger()


async def logging_app(scope: Scope, receive: Receive, send: Send) -> None:
    log.info("asked")
    await PlainTextResponse("answered")(scope, receive, send)


async def test_what_is_logged_names_the_service_and_the_request() -> None:
    app = RequestContextMiddleware(logging_app, service="value-architect")
    transport = httpx2.ASGITransport(app)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            kept = await client.get("/", headers={"X-Request-ID": "r-1"})
            made = await client.get("/", headers={"X-Request-ID": "with\x7fnonsense"})
    assert [line["service"] for line in lines] == ["value-architect"] * 2
    assert [line["request_id"] for line in lines] == ["r-1", made.headers["x-request-id"]]
    assert kept.headers["x-request-id"] == "r-1"
