"""What the architect handles of the events that are emitted; its own stand where they happen, in `api`."""

from services.chassis.handlers import Event, Handlers
from services.chassis.tenancy import provision
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.events.platform import TenantProvisioned

handlers = Handlers()


@handlers.on(TenantProvisioned)
async def make_tenant_known(uow: UnitOfWork, event: Event[TenantProvisioned]) -> None:
    """Lets the tenant in from now on."""
    await provision(uow, name=event.payload.name)
