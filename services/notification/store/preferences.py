"""Preferences: what people chose otherwise than the default."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.unit_of_work import UnitOfWork
from services.notification.store.base import Base

Choices = dict[str, list[str]]


class PreferencesRow(Base):
    """One person's choices: channels by type of event; `version` is the ETag, 0 while there is no row."""

    __tablename__ = "preferences"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    choices: Mapped[dict[str, list[str]]]


class Preferences:
    """The preferences of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def of(self, recipient_id: UUID) -> tuple[Choices, int]:
        """One person's choices and their version."""
        statement = select(PreferencesRow).where(PreferencesRow.recipient_id == recipient_id)
        row = await self._uow.session.scalar(statement)
        return ({}, 0) if row is None else (row.choices, row.version)

    async def of_all(self, recipient_ids: Collection[UUID]) -> Mapping[UUID, Choices]:
        """Several people's choices; of those alone who made some."""
        rows = await self._uow.session.scalars(
            select(PreferencesRow).where(PreferencesRow.recipient_id.in_(recipient_ids))
        )
        return {row.recipient_id: row.choices for row in rows}

    async def replace(self, recipient_id: UUID, choices: Choices, *, version: int) -> int:
        """Writes one person's choices over the version that was read; the new version.

        Raises:
            PreconditionFailed: somebody else changed them first.
        """
        fields = {"choices": choices, "version": version + 1}
        key = {"tenant_id": self._uow.actor.tenant, "recipient_id": recipient_id}
        statement = (
            insert(PreferencesRow).values(**key, **fields).on_conflict_do_nothing()
            if version == 0
            else update(PreferencesRow)
            .where(PreferencesRow.recipient_id == recipient_id, PreferencesRow.version == version)
            .values(**fields)
        ).returning(PreferencesRow.version)
        written = (await self._uow.session.execute(statement)).scalar()
        if written is None:
            raise problems.PreconditionFailed("They were changed meanwhile; read them again.")
        return int(written)
