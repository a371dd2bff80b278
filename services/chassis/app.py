"""The app factory: a service's table of contents goes in, a complete FastAPI app comes out."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from services.chassis import docs, health, metrics_endpoint, openapi, problem_answers
from services.chassis.background import BackgroundService, BackgroundServices
from services.chassis.business import BusinessCounter, BusinessGauge
from services.chassis.commands import Commands
from services.chassis.database import Database
from services.chassis.handlers import Handlers
from services.chassis.inbound import Inbound
from services.chassis.inbox import Consumer
from services.chassis.jwks import KeySet
from services.chassis.outbox import Outbox
from services.chassis.pruner import Kept, Pruner
from services.chassis.rate_limit import RateLimiter
from services.chassis.redelivery import Redelivery
from services.chassis.relay import Relay
from services.chassis.request_context import RequestContextMiddleware
from services.chassis.runtime import Runtime
from services.chassis.sagas import Saga
from services.chassis.sagas.conductor import SAGAS_ENDED
from services.chassis.sagas.definition import Definitions
from services.chassis.sagas.replies import Replies
from services.chassis.sagas.runner import SagaRunner
from services.chassis.seams import Seams
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry.database_durations import time_statements
from services.chassis.telemetry.database_spans import trace_database
from services.chassis.telemetry.logs import bind_context
from services.chassis.telemetry.metrics import Metrics, MetricsMiddleware
from services.chassis.telemetry.traces import fastapi_telemetry, make_tracer_provider
from services.chassis.tenancy import Seed, Tenancy, provisioning
from services.chassis.tokens import TokenVerifier

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Service:
    """One service's table of contents: what is routed, handled, conducted, run in the background, counted,
    and kept for a while."""

    description: str
    routers: Sequence[APIRouter]
    handlers: Callable[[Runtime], Handlers] = lambda _runtime: Handlers()
    commands: Callable[[Runtime], Commands] = lambda _runtime: Commands()
    sagas: Sequence[Saga[Any]] = ()
    background: Sequence[Callable[[Runtime], BackgroundService]] = ()
    seed: Seed | None = None
    counters: Sequence[BusinessCounter] = ()
    gauges: Sequence[BusinessGauge] = ()
    kept: Sequence[Kept] = ()


def build_app(service: Service, settings: ServiceSettings, seams: Seams) -> FastAPI:
    """The app of one service. Its lifespan opens and closes everything; nothing starts before it."""
    identity = settings.identity
    runtime = _runtime(service, settings, seams)
    app = FastAPI(
        title=f"ValueVerse {identity.title}",
        version="1",
        description=service.description,
        lifespan=_lifespan(service, runtime),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=fastapi_telemetry(runtime.tracer_provider),
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.runtime = runtime
    problem_answers.install(app)
    openapi.install(app)
    for prefix, documented in (("", False), (identity.prefix, True)):
        app.include_router(health.router, prefix=prefix, include_in_schema=documented)
        app.include_router(docs.router, prefix=prefix)
    app.include_router(metrics_endpoint.router)
    for router in service.routers:
        app.include_router(router, prefix=identity.prefix)
    app.add_middleware(MetricsMiddleware, metrics=runtime.metrics)
    app.add_middleware(RequestContextMiddleware, service=identity.name)
    return app


def _operation_id(route: APIRoute) -> str:
    """`create_model`, not FastAPI's path-laden default: what generated clients call their methods."""
    return route.name


def _runtime(service: Service, settings: ServiceSettings, seams: Seams) -> Runtime:
    identity = settings.identity
    metrics = Metrics(identity.name)
    for counter in (*service.counters, *([SAGAS_ENDED] if service.sagas else [])):
        metrics.declare(counter)
    for gauge in service.gauges:
        metrics.declare_gauge(gauge)
    database = Database(
        settings.database_url.get_secret_value(),
        settings.system_database_url.get_secret_value(),
        schema=identity.key,
        clock=seams.clock,
        pool_size=settings.database_pool_size,
        tally=metrics.tally,
    )
    provider = make_tracer_provider(identity.name, settings.otel_exporter_otlp_endpoint)
    trace_database(database.engine, provider)
    for pool, engine in (("runtime", database.engine), ("system", database.system_engine)):
        metrics.watch_pool(pool, engine)
        time_statements(pool, engine, metrics)
    metrics.watch_cache(seams.cache)
    return Runtime(
        settings=settings,
        seams=seams,
        database=database,
        metrics=metrics,
        tracer_provider=provider,
        verifier=_verifier(settings, seams),
        tenancy=Tenancy(database, first_use_provisions=settings.development, seed=service.seed),
        limiter=RateLimiter(
            seams.cache, clock=seams.clock, service=identity.name, per_minute=settings.requests_per_minute
        ),
        relay=Relay(Outbox(database, source=identity.name, clock=seams.clock), seams.bus, metrics=metrics),
    )


def _verifier(settings: ServiceSettings, seams: Seams) -> TokenVerifier:
    development_secret = settings.jwt_secret.get_secret_value() if settings.development else None
    return TokenVerifier(
        settings.identity.name,
        clock=seams.clock,
        internal_secret=settings.internal_jwt_secret.get_secret_value(),
        development_secret=development_secret,
        issuers=[(each, KeySet(str(each.jwks_url), clock=seams.clock)) for each in settings.jwt_issuers],
    )


def _lifespan(service: Service, runtime: Runtime) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        bind_context(service=runtime.identity.name)  # tasks that start from here on carry it
        definitions = Definitions(service.sagas)
        inbound = Inbound(
            events=service.handlers(runtime).joined(provisioning(service.seed)),
            commands=service.commands(runtime),
            replies=Replies(definitions),
        )
        runtime.metrics.expect_messages(inbound.types)
        consumer = Consumer(
            runtime.identity.key,
            inbound,
            runtime.database,
            metrics=runtime.metrics,
            tracer_provider=runtime.tracer_provider,
            wake=runtime.relay.wake,
        )
        background = BackgroundServices(
            [
                runtime.relay,
                Redelivery(consumer),
                Pruner(runtime.database, service.kept),
                *_conducting(definitions, runtime),
                *(make(runtime) for make in service.background),
            ]
        )
        # Left in reverse: stop consuming and working, then close what they stood on.
        async with AsyncExitStack() as stack:
            stack.push_async_callback(runtime.close)
            await stack.enter_async_context(background.running())
            await stack.enter_async_context(runtime.bus.subscribe(consumer))
            log.info("service_ready")
            yield
            log.info("service_stopping")

    return lifespan


def _conducting(definitions: Definitions, runtime: Runtime) -> list[BackgroundService]:
    if not definitions.names:
        return []
    runner = SagaRunner(
        definitions,
        runtime.database,
        source=runtime.identity.name,
        metrics=runtime.metrics,
        wake=runtime.relay.wake,
    )
    return [runner]
