"""Holds: approved versions on which contracts stand, and which are not superseded meanwhile."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.architect.store.base import Base
from services.architect.store.models import VersionRow
from services.chassis.unit_of_work import UnitOfWork


class HoldRow(Base):
    """One contract's hold on one version of a model."""

    __tablename__ = "model_holds"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    model_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int]
    created_at: Mapped[datetime]


class Holds:
    """The holds of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, contract_id: UUID, version: VersionRow) -> None:
        """A contract that holds the version already goes on doing so."""
        statement = insert(HoldRow).values(
            tenant_id=self._uow.actor.tenant,
            contract_id=contract_id,
            model_id=version.model_id,
            number=version.number,
            created_at=self._uow.clock.now(),
        )
        await self._uow.session.execute(statement.on_conflict_do_nothing())

    async def release(self, contract_id: UUID) -> None:
        """Lets go of whatever the contract holds."""
        await self._uow.session.execute(delete(HoldRow).where(HoldRow.contract_id == contract_id))

    async def exist_on(self, version: VersionRow) -> bool:
        """Whether some contract holds the version."""
        held = select(HoldRow.contract_id).where(
            HoldRow.model_id == version.model_id, HoldRow.number == version.number
        )
        return await self._uow.session.scalar(held.limit(1)) is not None
