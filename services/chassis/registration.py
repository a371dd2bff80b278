"""This instance in the registry: known once it answers, forgotten before it drains."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import structlog

from services.chassis import grace
from services.chassis.registry import Address, Instance, KeepRegistered, Registry, RegistryAway
from services.chassis.retries import describe
from services.chassis.settings import ServiceSettings

log = structlog.get_logger(__name__)


@asynccontextmanager
async def registered(registry: Registry, settings: ServiceSettings) -> AsyncIterator[None]:
    """Keeps this instance registered for the length of the block, with the container's own address."""
    identity = settings.identity
    host = settings.advertise_host or await asyncio.to_thread(own_address, settings.consul_http_addr)
    # Named by its address: one that was killed and starts again there takes the place of what it was.
    instance = Instance(
        f"{identity.name}-{host}-{identity.port}", identity.name, Address(host, identity.port)
    )
    try:
        async with KeepRegistered(registry, instance).running(grace_s=0):
            yield
    finally:
        await _farewell(registry, instance)


async def _farewell(registry: Registry, instance: Instance) -> None:
    try:
        async with asyncio.timeout(grace.FAREWELL_S):
            await registry.deregister(instance.id)
    except (RegistryAway, TimeoutError) as away:
        log.warning("not_deregistered", error=describe(away))


def own_address(registry_address: str) -> str:
    """The address by which this machine is reached from the network on which it reaches the registry.

    A container has one address on each of its networks; those who look it up share the registry's. Where
    there is no registry or no route to it: the address on the way out, or else loopback.
    """
    parts = urlsplit(registry_address if "://" in registry_address else f"//{registry_address}")
    # The second is reserved for documentation (RFC 5737): it stands for anywhere outside.
    for host, port in ((parts.hostname, parts.port or 8500), ("192.0.2.1", 9)):
        if host:
            with suppress(OSError):
                return _source_address(host, port)
    return "127.0.0.1"


def _source_address(host: str, port: int) -> str:
    family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.connect(target)  # of a datagram socket: chooses a route, and sends nothing
        return str(probe.getsockname()[0])
