"""What the committer has put into its outbox, read as the tenant's own unit of work does."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.chassis.actor import Actor
from services.chassis.tables import outbox
from tests.committer.api.cases import Deal


async def events_of(deal: Deal, kind: str) -> Sequence[Row[Any]]:
    """The events of one type, in their order."""
    async with deal.runtime.database.unit_of_work(Actor(deal.company.tenant, "test")) as uow:
        statement = select(outbox).where(outbox.c.type == f"committer.{kind}.v1").order_by(outbox.c.id)
        return (await uow.session.execute(statement)).all()
