"""The seams where the two topologies differ, and the adapters that settings choose for one service alone."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from services.chassis.bus import Bus
from services.chassis.bus.local import LocalBus
from services.chassis.bus.rabbit import RabbitBus
from services.chassis.cache import Cache
from services.chassis.cache.memory import MemoryCache
from services.chassis.cache.redis import RedisCache
from services.chassis.clock import Clock, SystemClock
from services.chassis.plain_http import no_tls
from services.chassis.registry import ConsulRegistry, Registry, StaticRegistry
from services.chassis.settings import ServiceSettings

PeerTransports = Callable[[str], httpx2.AsyncBaseTransport]


def http_transport(_peer: str) -> httpx2.AsyncBaseTransport:
    """The transport to a peer in another process; it never goes through a proxy of the environment."""
    return httpx2.AsyncHTTPTransport(verify=no_tls(), retries=0)


@dataclass(frozen=True)
class Seams:
    """The adapters of one service.

    The embedded launcher gives all services the same bus, cache and clock; then they are not one service's
    own to close (`owned` is false).
    """

    bus: Bus
    cache: Cache
    registry: Registry
    clock: Clock
    transports: PeerTransports = http_transport
    owned: bool = True


def seams_of(settings: ServiceSettings) -> Seams:
    """The adapters that one service's settings choose: real servers where an address is given."""
    clock = SystemClock()
    broker = settings.rabbitmq_url.get_secret_value()
    return Seams(
        bus=RabbitBus(broker) if broker else LocalBus(),
        cache=RedisCache(settings.redis_url) if settings.redis_url else MemoryCache(clock),
        registry=ConsulRegistry(settings.consul_http_addr)
        if settings.consul_http_addr
        else StaticRegistry({name: [address] for name, address in settings.peers.items()}),
        clock=clock,
    )
