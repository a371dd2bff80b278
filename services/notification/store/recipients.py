"""Recipients: the people of a tenant, by `sub`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.notification.store.base import Base


class RecipientRow(Base):
    """Somebody who can be told something."""

    __tablename__ = "recipients"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    sub: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    locale: Mapped[str]
    time_zone: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's way


class Recipients:
    """The recipients of a tenant, in one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, fields: Mapping[str, Any]) -> RecipientRow:
        """Raises:
        Conflict: the tenant has a recipient of this `sub`.
        """
        statement = (
            insert(RecipientRow)
            .values(
                tenant_id=self._uow.actor.tenant,
                id=new_id(),
                version=1,
                created_at=self._uow.clock.now(),
                **fields,
            )
            .on_conflict_do_nothing()
            .returning(RecipientRow)
        )
        row = (await self._uow.session.scalars(statement)).first()
        if row is None:
            raise problems.Conflict(f"There is a recipient {fields['sub']} already.")
        return row

    async def get(self, recipient_id: UUID) -> RecipientRow:
        """Raises:
        NotFound: this tenant has no such recipient.
        """
        row = await self._uow.session.scalar(select(RecipientRow).where(RecipientRow.id == recipient_id))
        if row is None:
            raise problems.NotFound("There is no such recipient.")
        return row

    async def change(self, row: RecipientRow, fields: Mapping[str, Any]) -> None:
        """Raises:
        StaleDataError: somebody else changed it first.
        """
        for name, value in fields.items():
            setattr(row, name, value)
        await self._uow.session.flush()

    async def page(self, page: PageRequest, *, role: str | None) -> Sequence[RecipientRow]:
        statement = select(RecipientRow)
        if role is not None:
            statement = statement.where(RecipientRow.roles.contains([role]))
        return (await self._uow.session.scalars(page.select(statement, RecipientRow.id))).all()

    async def holders(self, roles: frozenset[str]) -> dict[str, list[str]]:
        """The subs of those who hold each role."""
        rows = await self._uow.session.execute(
            select(RecipientRow.sub, RecipientRow.roles).where(RecipientRow.roles.overlap(sorted(roles)))
        )
        found: dict[str, list[str]] = {role: [] for role in roles}
        for sub, held in rows:
            for role in roles & set(held):
                found[role].append(sub)
        return found
