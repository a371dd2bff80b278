"""Suppressions: addresses that get no e-mail."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.notification.store.base import Base


class Cause(StrEnum):
    """How an address came here."""

    REFUSED = "refused"
    """A mail server refused it for good."""
    BY_HAND = "by-hand"


class SuppressionRow(Base):
    """One address, in lower case."""

    __tablename__ = "suppressions"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[str]
    cause: Mapped[str]
    reason: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class Suppressions:
    """The suppressions of one unit of work's tenant. Addresses are compared without regard to case."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, address: str, cause: Cause, reason: str) -> SuppressionRow | None:
        """The new row, or None where the address is suppressed already."""
        statement = insert(SuppressionRow).values(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            address=address.lower(),
            cause=cause,
            reason=reason,
            created_by=self._uow.actor.sub,
            created_at=self._uow.clock.now(),
        )
        made = await self._uow.session.scalars(statement.on_conflict_do_nothing().returning(SuppressionRow))
        return made.first()

    async def of(self, address: str) -> SuppressionRow | None:
        """Why an address gets no e-mail, if it gets none."""
        statement = select(SuppressionRow).where(SuppressionRow.address == address.lower())
        found: SuppressionRow | None = await self._uow.session.scalar(statement)
        return found

    async def get(self, suppression_id: UUID) -> SuppressionRow:
        """Raises:
        NotFound: there is no such suppression.
        """
        row = await self._uow.session.scalar(
            select(SuppressionRow).where(SuppressionRow.id == suppression_id)
        )
        if row is None:
            raise problems.NotFound("There is no such suppression.")
        return row

    async def page(self, page: PageRequest, *, address: str | None = None) -> Sequence[SuppressionRow]:
        """One page, or the one of an address."""
        statement = select(SuppressionRow)
        if address is not None:
            statement = statement.where(SuppressionRow.address == address.lower())
        return (await self._uow.session.scalars(page.select(statement, SuppressionRow.id))).all()

    async def remove(self, suppression_id: UUID) -> None:
        """Raises:
        NotFound: there is no such suppression.
        """
        row = await self.get(suppression_id)
        await self._uow.session.execute(delete(SuppressionRow).where(SuppressionRow.id == row.id))
