"""The registry that is a table."""

import asyncio
from collections.abc import Mapping, Sequence

from services.chassis.registry.base import Address, Instance
from services.schemas.directory import SERVICES


class StaticRegistry:
    """Fixed addresses; a service without one is found by its host name, as Compose and Kubernetes know it."""

    def __init__(self, addresses: Mapping[str, Sequence[Address]]) -> None:
        by_name = {identity.name: [Address(identity.name, identity.port)] for identity in SERVICES.values()}
        self._addresses: dict[str, Sequence[Address]] = {**by_name, **addresses}

    async def register(self, instance: Instance) -> None:
        """Nothing: nobody looks it up here."""

    async def deregister(self, instance_id: str) -> None:
        """Nothing."""

    async def is_registered(self, instance_id: str) -> bool:  # noqa: ARG002  # the protocol's
        return True

    async def resolve(self, name: str) -> Sequence[Address]:
        return self._addresses.get(name, [])

    async def ping(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Nothing is held."""
