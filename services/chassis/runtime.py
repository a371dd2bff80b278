"""What one running service holds: its settings, its seams, and what is built on them."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from opentelemetry.sdk.trace import TracerProvider

from services.chassis.bus import Bus
from services.chassis.cache import Cache
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.peers import PeerClient
from services.chassis.rate_limit import RateLimiter
from services.chassis.registry import Registry
from services.chassis.relay import Relay
from services.chassis.seams import Seams
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import close_tracer_provider
from services.chassis.tenancy import Tenancy
from services.chassis.tokens import TokenVerifier, mint_internal_token
from services.schemas.directory import ServiceIdentity

C = TypeVar("C")


@dataclass(frozen=True)
class Runtime:
    """One service at run time; routes reach it by `runtime_of`."""

    settings: ServiceSettings
    seams: Seams
    database: Database
    metrics: Metrics
    tracer_provider: TracerProvider
    verifier: TokenVerifier
    tenancy: Tenancy
    limiter: RateLimiter
    relay: Relay
    _peers: dict[str, PeerClient] = field(default_factory=dict)

    @property
    def identity(self) -> ServiceIdentity:
        return self.settings.identity

    @property
    def clock(self) -> Clock:
        return self.seams.clock

    @property
    def cache(self) -> Cache:
        return self.seams.cache

    @property
    def bus(self) -> Bus:
        return self.seams.bus

    @property
    def registry(self) -> Registry:
        return self.seams.registry

    def peer(self, name: str) -> PeerClient:
        """The client of a peer, by its host name: one, with its breaker, for the life of the service."""
        if name not in self._peers:
            self._peers[name] = PeerClient(
                name,
                registry=self.registry,
                transport=self.seams.transports(name),
                mint=self._mint,
                tracer_provider=self.tracer_provider,
                on_breaker=self.metrics.breaker_moved,
            )
        return self._peers[name]

    def _mint(self, audience: str, tenant: UUID, actor: str, scope: str) -> str:
        return mint_internal_token(
            secret=self.settings.internal_jwt_secret.get_secret_value(),
            audience=audience,
            tenant=tenant,
            actor=actor,
            scope=scope,
            now=self.clock.now(),
        )

    async def close(self) -> None:
        """Gives back what the service holds; what it shares with others of its process stays theirs."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(close_tracer_provider, self.tracer_provider)
            stack.push_async_callback(self.database.close)
            for peer in self._peers.values():
                stack.push_async_callback(peer.close)
            if self.seams.owned:
                for seam in (self.bus, self.cache, self.registry):
                    stack.push_async_callback(seam.close)


def runtime_of(request: Request) -> Runtime:
    """The runtime of the app that serves this request."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def from_runtime(make: Callable[[Runtime], C]) -> Any:
    """The dependency of a route that needs something built on the runtime, such as a peer's typed client."""

    async def made(request: Request) -> C:
        return make(runtime_of(request))

    return Depends(made)
