"""This instance in the registry: known once it answers, forgotten before it drains."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from services.chassis import grace
from services.chassis.ids import new_id
from services.chassis.registry import Address, Instance, KeepRegistered, Registry, RegistryAway
from services.chassis.retries import describe
from services.chassis.settings import ServiceSettings

log = structlog.get_logger(__name__)


@asynccontextmanager
async def registered(registry: Registry, settings: ServiceSettings) -> AsyncIterator[None]:
    """Keeps this instance registered for the length of the block, with the container's own address."""
    identity = settings.identity
    host = settings.advertise_host or await asyncio.to_thread(_own_address)
    instance = Instance(f"{identity.name}-{new_id()}", identity.name, Address(host, identity.port))
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


def _own_address() -> str:
    """The address by which this machine is reached from its network; loopback where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Chooses a route and sends nothing: the address is one reserved for documentation.
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
