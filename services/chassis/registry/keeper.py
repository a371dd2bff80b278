"""Staying registered: an agent that was restarted has forgotten its services."""

from services.chassis.background import BackgroundService
from services.chassis.registry.base import Instance, Registry


class KeepRegistered(BackgroundService):
    """Registers an instance, and again whenever the registry no longer knows it."""

    name = "keep-registered"
    interval_s = 10.0

    def __init__(self, registry: Registry, instance: Instance) -> None:
        self._registry = registry
        self._instance = instance

    async def run_once(self) -> None:
        if not await self._registry.is_registered(self._instance.id):
            await self._registry.register(self._instance)
