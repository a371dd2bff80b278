"""Metrics of one service for Prometheus: one registry an app, each sample with the service's name."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.breaker import BreakerState
from services.chassis.business import BusinessCounter, BusinessGauge
from services.chassis.cache import Cache

_DURATION_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STATEMENT_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15)
_LAG_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MESSAGE_OUTCOMES = ("handled", "repeated", "retried", "dead")
_BREAKER_STATES = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
UNMATCHED = "unmatched"


class Metrics:
    """What one service counts. Business counters are declared by the service itself."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.registry = CollectorRegistry()
        self._business: dict[BusinessCounter, Counter] = {}
        self._measured: dict[BusinessGauge, Gauge] = {}
        self.http_requests = self.counter(
            "http_requests_total", "Requests answered.", "method", "route", "status"
        )
        self.http_request_duration = Histogram(
            "http_request_duration_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("method", "route"),
            buckets=_DURATION_BUCKETS_S,
            registry=self.registry,
        )
        self.http_requests_in_progress = self.gauge(
            "http_requests_in_progress", "Requests being answered.", "method"
        )
        self.database_connections = self.gauge(
            "database_pool_connections",
            "Connections of a pool by state: in_use, idle, limit.",
            "pool",
            "state",
        )
        self.database_statement_duration = Histogram(
            "database_statement_duration_seconds",
            "Time from a statement's sending to its result, failed ones included, by pool and operation.",
            ("pool", "operation"),
            buckets=_STATEMENT_BUCKETS_S,
            registry=self.registry,
        )
        self.outbox_backlog = self.gauge("outbox_backlog", "Outbox rows that are not published yet.")
        self.outbox_age = self.gauge("outbox_age_seconds", "Age of the oldest unpublished outbox row.")
        self.messages = self.counter(
            "consumer_messages_total",
            "Messages by outcome: handled, repeated, retried, dead.",
            "type",
            "outcome",
        )
        self.message_lag = Histogram(
            "consumer_message_lag_seconds",
            "Time from an event's emission to the commit of its handler.",
            ("type",),
            buckets=_LAG_BUCKETS_S,
            registry=self.registry,
        )
        self.sagas = self.gauge(
            "sagas", "Sagas under way by state: running, compensating, stuck.", "saga", "state"
        )
        self.peer_breaker = self.gauge(
            "peer_breaker_state", "A peer's circuit breaker: 0 closed, 1 half open, 2 open.", "peer"
        )

    def counter(self, name: str, documentation: str, *labels: str) -> Counter:
        """A new counter of this service; its name ends in `_total`."""
        return Counter(name, documentation, labels, registry=self.registry)

    def declare(self, business: BusinessCounter) -> None:
        """Shows a business counter from the start, before there is anything to count."""
        counter = self.counter(business.name, business.documentation, *business.labels)
        for values in business.shown:
            counter.labels(*values)
        self._business[business] = counter

    def tally(self, business: BusinessCounter, labels: dict[str, str], amount: float) -> None:
        """Counts more of something that was declared.

        Raises:
            KeyError: the service has not declared the counter.
        """
        counter = self._business[business]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def declare_gauge(self, business: BusinessGauge) -> None:
        """Knows a business gauge before anything is measured."""
        self._measured[business] = self.gauge(business.name, business.documentation, *business.labels)

    def measure(self, business: BusinessGauge, labels: dict[str, str], value: float) -> None:
        """Notes what was measured.

        Raises:
            KeyError: the service has not declared the gauge.
        """
        gauge = self._measured[business]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        """A new gauge of this service."""
        return Gauge(name, documentation, labels, registry=self.registry)

    def watch(self, gauge: Gauge, read: Callable[[], float], **labels: str) -> None:
        """Reads a gauge's value from its source whenever the metrics are asked for."""
        (gauge.labels(**labels) if labels else gauge).set_function(read)

    def watch_pool(self, name: str, engine: AsyncEngine) -> None:
        """Reads the state of an engine's connection pool whenever the metrics are asked for."""
        pool = engine.pool
        if isinstance(pool, QueuePool):
            self.watch(self.database_connections, pool.checkedout, pool=name, state="in_use")
            self.watch(self.database_connections, pool.checkedin, pool=name, state="idle")
            self.watch(self.database_connections, pool.size, pool=name, state="limit")

    def expect_messages(self, types: Iterable[str]) -> None:
        """Shows the counts of these types from the start: a rate sees no count that begins with one."""
        for kind in types:
            for outcome in _MESSAGE_OUTCOMES:
                self.messages.labels(type=kind, outcome=outcome)

    def watch_cache(self, cache: Cache) -> None:
        """Reads what the cache counts of its own calls whenever the metrics are asked for."""
        self.registry.register(_CacheCalls(cache))

    def breaker_moved(self, peer: str, state: BreakerState) -> None:
        """Notes the state of a peer's circuit breaker."""
        self.peer_breaker.labels(peer=peer).set(_BREAKER_STATES[state])

    def render(self, accept: str) -> tuple[bytes, str]:
        """The metrics in the text format that `Accept` asks for (exemplars: OpenMetrics), and its type."""
        return render([self], accept)

    def collect(self) -> Iterator[Metric]:
        """All families, each sample with this service's name."""
        for family in self.registry.collect():
            family.samples = [
                sample._replace(labels={"service": self.service, **sample.labels})
                for sample in family.samples
            ]
            yield family


def render(services: Sequence[Metrics], accept: str) -> tuple[bytes, str]:
    """The metrics of several services as one exposition: a family of the same name stands once."""
    encode, content_type = choose_encoder(accept)
    return encode(_Joined(services)), content_type


class _Joined:
    def __init__(self, services: Sequence[Metrics]) -> None:
        self._services = services

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for service in self._services:
            for family in service.collect():
                families.setdefault(family.name, family)
                if families[family.name] is not family:
                    families[family.name].samples.extend(family.samples)
        return families.values()


class _CacheCalls(Collector):
    """Counters that the cache keeps."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily(
            "cache_failures", "Calls that the cache did not answer.", value=self._cache.failures
        )
        reads = CounterMetricFamily(
            "cache_reads", "Reads that the cache answered, by outcome: hit, miss.", labels=["outcome"]
        )
        reads.add_metric(["hit"], self._cache.reads.hits)
        reads.add_metric(["miss"], self._cache.reads.misses)
        yield reads


class MetricsMiddleware:
    """Counts and times requests by route template, so that ids in paths make no new series."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "other"
        status = 500  # what the server answers if the app raises before it answers
        started = perf_counter()

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.http_requests_in_progress.labels(method=method).track_inprogress():
            try:
                await self.app(scope, receive, noting_status)
            finally:
                self._note(method, _route_of(scope), status, perf_counter() - started)

    def _note(self, method: str, route: str, status: int, seconds: float) -> None:
        self._metrics.http_requests.labels(method=method, route=route, status=str(status)).inc()
        duration = self._metrics.http_request_duration.labels(method=method, route=route)
        duration.observe(seconds, exemplar=_exemplar())


def _route_of(scope: Scope) -> str:
    """The template of the route that was chosen.

    FastAPI's telemetry notes the whole template; the route itself knows it only without the prefix under
    which its router was included.
    """
    noted = getattr(scope.get("fastapi.telemetry"), "route", None)
    return str(noted or getattr(scope.get("route"), "path", UNMATCHED))


def _exemplar() -> dict[str, str] | None:
    span = trace.get_current_span().get_span_context()
    if not (span.is_valid and span.trace_flags.sampled):
        return None
    return {"trace_id": trace.format_trace_id(span.trace_id)}
