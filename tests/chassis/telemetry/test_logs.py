import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from services.chassis.telemetry.logs import bind_context, bound, clear_context, configure_logging

SECRET = "hunter2-hunter2"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    root.handlers = []
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.configure(**configured)
    clear_context()


@pytest.fixture
def stream() -> io.StringIO:
    made = io.StringIO()
    configure_logging(stream=made)
    return made


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_what_is_bound_and_the_trace(stream: io.StringIO) -> None:
    bind_context(service="value-architect", request_id="r-1", tenant="t-1")
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("s") as span:
        structlog.get_logger("some.module").info("model_approved", figures=3)
    (line,) = lines(stream)
    assert line["event"] == "model_approved"
    assert line["level"] == "info"
    assert line["logger"] == "some.module"
    assert (line["service"], line["request_id"], line["tenant"], line["figures"]) == (
        *("value-architect", "r-1", "t-1"),
        3,
    )
    assert line["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert line["time"].endswith("Z")


def test_what_is_bound_can_be_read_and_forgotten() -> None:
    bind_context(request_id="r-1")
    assert bound("request_id") == "r-1"
    clear_context()
    assert bound("request_id") is None


def test_libraries_come_out_the_same_way(stream: io.StringIO) -> None:
    bind_context(request_id="r-1")
    logging.getLogger("uvicorn.error").warning("port %d is busy", 8000)
    logging.getLogger("httpx2").info("every call, in every detail")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["request_id"]) == ("port 8000 is busy", "warning", "r-1")


def test_secrets_are_not_told(stream: io.StringIO) -> None:
    def connect(password: str) -> None:
        raise ConnectionError(f"postgresql://owner:{password}@localhost/db does not answer")

    log = structlog.get_logger()
    try:
        connect(SECRET)
    except ConnectionError:
        log.exception("lost", password=SECRET, headers={"Authorization": f"Bearer {SECRET}"})
    logging.getLogger("some.library").error("Bearer %s refused", SECRET)
    assert len(lines(stream)) == 2
    assert "ConnectionError" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_the_level_is_kept() -> None:
    stream = io.StringIO()
    configure_logging(level="warning", stream=stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_a_terminal_gets_text() -> None:
    terminal = Terminal()
    configure_logging(stream=terminal)
    structlog.get_logger().info("service_ready", port=8000, password=SECRET)
    assert "service_ready" in terminal.getvalue()
    assert "8000" in terminal.getvalue()
    assert SECRET not in terminal.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(terminal.getvalue())
