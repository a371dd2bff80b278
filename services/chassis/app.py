"""The app factory: a service's table of contents goes in, a complete FastAPI app comes out."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import anyio
import structlog
from fastapi import APIRouter, FastAPI

from services.chassis import docs, health, metrics_endpoint, openapi, problem_answers
from services.chassis.background import BackgroundService, BackgroundServices
from services.chassis.database import Database
from services.chassis.handlers import Handlers
from services.chassis.inbox import Consumer
from services.chassis.outbox import Outbox
from services.chassis.pruner import Pruner
from services.chassis.rate_limit import RateLimiter
from services.chassis.registration import Registration
from services.chassis.relay import Relay
from services.chassis.request_context import RequestContextMiddleware
from services.chassis.runtime import Runtime
from services.chassis.seams import Seams
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry.metrics import Metrics, MetricsMiddleware
from services.chassis.telemetry.traces import fastapi_telemetry, make_tracer_provider
from services.chassis.tenancy import Seed, Tenancy
from services.chassis.tokens import TokenVerifier
from services.chassis.transaction import ServiceRoute

log = structlog.get_logger(__name__)

DEFAULT_BODY_LIMIT = 1024 * 1024
_DRAIN_S = 10.0


@dataclass(frozen=True)
class Service:
    """One service's table of contents: what is routed, what is handled, what runs in the background."""

    description: str
    routers: Sequence[APIRouter]
    handlers: Handlers = field(default_factory=Handlers)
    background: Sequence[Callable[[Runtime], BackgroundService]] = ()
    seed: Seed | None = None


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
        max_body_size=DEFAULT_BODY_LIMIT,
        telemetry=fastapi_telemetry(runtime.tracer_provider),
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.runtime = runtime
    app.router.route_class = ServiceRoute
    problem_answers.install(app)
    openapi.install(app)
    for prefix, documented in (("", False), (identity.prefix, True)):
        app.include_router(health.router, prefix=prefix, include_in_schema=documented)
        app.include_router(docs.router, prefix=prefix)
    app.include_router(metrics_endpoint.router)
    for router in service.routers:
        app.include_router(router, prefix=identity.prefix)
    app.add_middleware(MetricsMiddleware, metrics=runtime.metrics)
    app.add_middleware(RequestContextMiddleware)
    return app


def _operation_id(route: object) -> str:
    """`create_model`, not FastAPI's path-laden default: what generated clients call their methods."""
    return str(getattr(route, "name", ""))


def _runtime(service: Service, settings: ServiceSettings, seams: Seams) -> Runtime:
    identity = settings.identity
    metrics = Metrics(service=identity.name)
    database = Database(
        settings.database_url.get_secret_value(),
        settings.system_database_url.get_secret_value(),
        schema=identity.key,
        clock=seams.clock,
        pool_size=settings.database_pool_size,
    )
    tenancy = (
        Tenancy(database, first_use_provisions=settings.development, seed=service.seed)
        if service.seed
        else Tenancy(database, first_use_provisions=settings.development)
    )
    outbox = Outbox(database, source=identity.name, clock=seams.clock)
    return Runtime(
        settings=settings,
        seams=seams,
        database=database,
        metrics=metrics,
        tracer_provider=make_tracer_provider(identity.name, settings.otel_exporter_otlp_endpoint),
        verifier=TokenVerifier.from_settings(settings, seams.clock),
        tenancy=tenancy,
        limiter=RateLimiter(seams.cache, settings.requests_per_minute),
        relay=Relay(outbox, seams.bus, metrics=metrics),
    )


def _lifespan(service: Service, runtime: Runtime) -> Callable[[FastAPI], "_Context"]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        consumer = Consumer(runtime.identity.key, service.handlers, runtime.database, metrics=runtime.metrics)
        background = BackgroundServices(
            [
                runtime.relay,
                Pruner(runtime.database),
                *runtime.bus.background_for(consumer),
                *(make(runtime) for make in service.background),
            ]
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(_close, runtime)
            await runtime.bus.subscribe(consumer)
            await stack.enter_async_context(background.running())
            await stack.enter_async_context(Registration(runtime).running())
            log.info("service_ready", service=runtime.identity.name)
            yield
            log.info("service_stopping", service=runtime.identity.name)

    return lifespan
