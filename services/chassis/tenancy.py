"""Which tenants a service knows: an unknown one is refused, but in development first use makes it."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.chassis import problems
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.handlers import Event, Handlers
from services.chassis.tables import tenants
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.events.platform import TenantProvisioned

Seed = Callable[[UnitOfWork], Awaitable[None]]


class Tenancy:
    """The tenants of one service; known ones are remembered, as none is ever taken back."""

    def __init__(self, database: Database, *, first_use_provisions: bool, seed: Seed | None = None) -> None:
        self._database = database
        self._first_use_provisions = first_use_provisions
        self._seed = seed
        self._known: set[UUID] = set()

    async def admit(self, actor: Actor) -> None:
        """Raises:
        Forbidden: nobody provisioned this tenant.
        """
        if actor.tenant in self._known:
            return
        async with self._database.unit_of_work(actor) as uow:
            found = await uow.session.scalar(select(tenants.c.tenant_id))
            if found is None:
                if not self._first_use_provisions:
                    raise problems.Forbidden("This tenant was not provisioned here.", code="unknown_tenant")
                await provision(uow, name=str(actor.tenant), seed=self._seed)
                await uow.commit()
        self._known.add(actor.tenant)


def provisioning(seed: Seed | None) -> Handlers:
    """What every service does about a new tenant: lets it in from now on, seeded."""
    handlers = Handlers()

    @handlers.on(TenantProvisioned)
    async def make_tenant_known(uow: UnitOfWork, event: Event[TenantProvisioned]) -> None:
        await provision(uow, name=event.payload.name, seed=seed)

    return handlers


async def provision(uow: UnitOfWork, *, name: str, seed: Seed | None = None) -> bool:
    """Makes the unit of work's tenant known, and seeds it the first time; whether it was the first."""
    statement = insert(tenants).values(tenant_id=uow.actor.tenant, name=name, provisioned_at=uow.clock.now())
    made = await uow.session.execute(statement.on_conflict_do_nothing().returning(tenants.c.tenant_id))
    if made.first() is None:
        return False
    if seed is not None:
        await seed(uow)
    return True
