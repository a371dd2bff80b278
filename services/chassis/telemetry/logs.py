"""Structured logs: JSON for machines, readable on a terminal; never a secret.

Every line carries what is bound to its context (`service`, `request_id`, `tenant`) and the trace that it
belongs to. Libraries that log by the standard library come out the same way.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from opentelemetry import trace
from structlog.typing import Processor

from services.chassis.telemetry.scrubbing import REDACTED, is_secret, scrub

_NOISY = ("uvicorn.access", "httpx2", "httpcore2", "asyncio", "aiormq", "aio_pika")
# Its exporter complains at every export; ours logs once that the collector is away.
_SILENT = ("opentelemetry.exporter",)


def configure_logging(*, level: str = "info", json: bool | None = None, stream: TextIO = sys.stderr) -> None:
    """Sends all logs of the process to the stream: JSON lines, or coloured text if it is a terminal.

    `json` overrides what the stream suggests. Called once, by whoever starts the process.
    """
    as_json = not stream.isatty() if json is None else json
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(as_json, stream),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def bind_context(**values: str) -> None:
    """Adds values to every line that this context (the request, the task) logs from now on."""
    structlog.contextvars.bind_contextvars(**values)


def clear_context() -> None:
    """Forgets what was bound."""
    structlog.contextvars.clear_contextvars()


def bound(name: str) -> str | None:
    """A value that was bound to this context, such as `request_id`."""
    value = structlog.contextvars.get_contextvars().get(name)
    return None if value is None else str(value)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _add_trace,
        structlog.processors.StackInfoRenderer(),
        # Text at once, and without the frames' locals: they hold what nobody meant to log.
        structlog.processors.format_exc_info,
        _scrub,
    ]


def _renderers(as_json: bool, stream: TextIO) -> list[Processor]:
    if as_json:
        return [structlog.processors.JSONRenderer(sort_keys=True, default=str)]
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), timestamp_key="time", pad_event_to=24)]


def _add_trace(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = trace.format_trace_id(span.trace_id)
        event["span_id"] = trace.format_span_id(span.span_id)
    return event


def _scrub(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if not name.startswith("_"):  # structlog's own, such as the record
            event[name] = REDACTED if is_secret(name) else scrub(value)
    return event
