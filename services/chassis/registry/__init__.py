"""Where services are found: by a fixed table, or in Consul."""

from services.chassis.registry.base import Address, Instance, Registry, RegistryAway
from services.chassis.registry.consul import ConsulRegistry
from services.chassis.registry.keeper import KeepRegistered
from services.chassis.registry.static import StaticRegistry

__all__ = [
    "Address",
    "ConsulRegistry",
    "Instance",
    "KeepRegistered",
    "Registry",
    "RegistryAway",
    "StaticRegistry",
]
