"""What every registry does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """Where one instance of a service listens, by HTTP."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `host:port` says; ValueError if it says something else."""
        parts = urlsplit(f"//{text}")
        if parts.netloc != text or not parts.hostname or not parts.port or parts.username is not None:
            raise ValueError(f"{text} is not host:port")
        return cls(parts.hostname, parts.port)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Instance:
    """One running instance as others are to find it: `id` is its own, `name` its service's."""

    id: str
    name: str
    address: Address
    health_path: str = "/health/ready"


class Registry(Protocol):
    """Tells where services are, and is told where this one is."""

    async def register(self, instance: Instance) -> None:
        """Makes an instance known, healthy from now on. Raises RegistryAway."""
        ...

    async def deregister(self, instance_id: str) -> None:
        """Makes an instance unknown; one that is not known is no error. Raises RegistryAway."""
        ...

    async def is_registered(self, instance_id: str) -> bool:
        """Whether the instance is still known. Raises RegistryAway."""
        ...

    async def resolve(self, name: str) -> Sequence[Address]:
        """Where a service's healthy instances are: none, one or more. Never raises.

        While the registry is away: where they were when it last answered.
        """
        ...

    async def ping(self) -> None:
        """Raises RegistryAway if it does not answer."""
        ...

    async def close(self) -> None:
        """Gives back what it holds."""
        ...


class RegistryAway(Exception):
    """The registry does not answer, or not as it should."""
