"""What one running service holds: its settings, its seams, and what is built on them."""

from dataclasses import dataclass

from fastapi import Request

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
from services.chassis.tenancy import Tenancy
from services.chassis.tokens import TokenVerifier
from services.schemas.directory import ServiceIdentity


@dataclass(frozen=True)
class Runtime:
    """One service at run time; routes reach it by `runtime_of`."""

    settings: ServiceSettings
    seams: Seams
    database: Database
    metrics: Metrics
    verifier: TokenVerifier
    tenancy: Tenancy
    limiter: RateLimiter
    relay: Relay

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
        """The client of a peer, by its host name."""
        raise NotImplementedError


def runtime_of(request: Request) -> Runtime:
    """The runtime of the app that serves this request."""
    runtime: Runtime = request.app.state.runtime
    return runtime
