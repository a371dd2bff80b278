"""Provisioning tenants: the architect emits it, every service learns of it by the event."""

from pathlib import Path
from uuid import UUID

from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.principal import tenant_id
from services.launcher.configuration import database_of_service
from services.schemas.events.platform import TenantProvisioned


async def create(data: Path, name: str) -> UUID:
    """Provisions a tenant on the platform that runs on a data folder; its id. Again is harmless.

    Raises:
        CannotStart: no platform is running on the data folder.
    """
    database = database_of_service("architect", data)
    try:
        return await provision(database, name)
    finally:
        await database.close()


async def provision(architect: Database, name: str) -> UUID:
    """Announces a tenant by name (or uuid) through the architect's outbox; its id."""
    tenant = tenant_id(name)
    async with architect.unit_of_work(Actor(tenant, "platform")) as uow:
        await uow.emit(TenantProvisioned(tenant_id=tenant, name=name), subject=tenant)
        await uow.commit()
    return tenant
