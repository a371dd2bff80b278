"""What Kong's double counts and traces, under Kong's own names."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import propagate
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

_MILLISECONDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 60000)


class Instruments:
    """Counters of the Prometheus plug-in, and the span of the OpenTelemetry plug-in."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("kong")
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "kong_http_requests",
            "HTTP status codes",
            ["service", "route", "code", "source", "workspace", "consumer"],
            registry=self._registry,
        )
        self._latency = Histogram(
            "kong_request_latency_ms",
            "Total latency",
            ["service", "route", "workspace"],
            buckets=_MILLISECONDS,
            registry=self._registry,
        )

    @contextmanager
    def asked(self, scope: Scope, service: str, route: str) -> Iterator[dict[str, str]]:
        """One request: yields the headers that carry its trace on; measures its time."""
        above = propagate.extract(dict(Headers(scope=scope)))
        begun = time.perf_counter()
        name = f"{scope['method']} {route}"
        with self._tracer.start_as_current_span(name, context=above, kind=SpanKind.SERVER):
            carried: dict[str, str] = {}
            propagate.inject(carried)
            yield carried
        milliseconds = (time.perf_counter() - begun) * 1000
        self._latency.labels(service, route, "default").observe(milliseconds)

    def answered(self, service: str, route: str, code: int, source: str) -> None:
        """`source`: `service` if it answered itself, else `kong`."""
        self._requests.labels(service, route, str(code), source, "default", "").inc()

    def status_app(self) -> Starlette:
        """Kong's status listener: metrics, and whether the configuration is loaded."""

        async def metrics(_request: Request) -> Response:
            return Response(generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

        async def ready(_request: Request) -> Response:
            return JSONResponse({"message": "ready"})

        return Starlette(routes=[Route("/metrics", metrics), Route("/status/ready", ready)])
