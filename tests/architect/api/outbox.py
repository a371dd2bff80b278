"""What the architect has put into its outbox, read as the tenant's own unit of work does."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.chassis.actor import Actor
from services.chassis.runtime import Runtime
from services.chassis.tables import outbox
from tests.harness.platform import Company


async def events_about(company: Company, subject: str) -> Sequence[Row[Any]]:
    """The events about one thing, in their order."""
    runtime: Runtime = company.platform.embedded.apps["value-architect"].state.runtime
    async with runtime.database.unit_of_work(Actor(company.tenant, "test")) as uow:
        statement = select(outbox).where(outbox.c.subject == subject).order_by(outbox.c.sequence)
        return (await uow.session.execute(statement)).all()
