"""Commitments: what was drawn from approved models, to be promised by one contract each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.committer.store.base import Base


class CommitmentRow(Base):
    """A commitment; its amounts are by the model's periods. It never changes but for who holds it."""

    __tablename__ = "commitments"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID | None]
    account_id: Mapped[UUID]
    model_id: Mapped[UUID]
    model_version: Mapped[int]
    version_hash: Mapped[str]
    currency: Mapped[str]
    key: Mapped[str]
    label: Mapped[str]
    driver_key: Mapped[str]
    metric: Mapped[str]
    unit: Mapped[str]
    direction: Mapped[str]
    baseline: Mapped[Decimal]
    target: Mapped[Decimal]
    tolerance: Mapped[Decimal]
    due_after_months: Mapped[int]
    measured_by: Mapped[str]
    period_length: Mapped[str]
    committed: Mapped[list[Decimal]]
    at_baseline: Mapped[list[Decimal]]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class CommitmentFilter:
    """What a list of commitments is narrowed to; None means any."""

    account_id: UUID | None = None
    model_id: UUID | None = None
    contract_id: UUID | None = None


class Commitments:
    """The commitments of one unit of work's tenant; `only` narrows them to the account a customer may see."""

    def __init__(self, uow: UnitOfWork, only: UUID | None = None) -> None:
        self._uow = uow
        self._only = only

    async def add(self, **fields: Any) -> CommitmentRow:
        row = CommitmentRow(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            contract_id=None,
            created_by=self._uow.actor.sub,
            created_at=self._uow.clock.now(),
            **fields,
        )
        self._uow.session.add(row)
        await self._uow.session.flush()
        return row

    async def get(self, commitment_id: UUID) -> CommitmentRow:
        """Raises:
        NotFound: there is no such commitment to see.
        """
        statement = select(CommitmentRow).where(CommitmentRow.id == commitment_id)
        row = await self._uow.session.scalar(statement)
        if row is None or self._only not in {None, row.account_id}:
            raise problems.NotFound("There is no such commitment.")
        return row

    async def page(self, page: PageRequest, wanted: CommitmentFilter) -> Sequence[CommitmentRow]:
        statement = select(CommitmentRow)
        for column, value in (
            (CommitmentRow.account_id, wanted.account_id),
            (CommitmentRow.model_id, wanted.model_id),
            (CommitmentRow.contract_id, wanted.contract_id),
            (CommitmentRow.account_id, self._only),
        ):
            if value is not None:
                statement = statement.where(column == value)
        return (await self._uow.session.scalars(page.select(statement, CommitmentRow.id))).all()

    async def all_of(self, ids: Sequence[UUID]) -> list[CommitmentRow | None]:
        """The commitments of these ids, each in its place; None where there is none."""
        found = await self._uow.session.scalars(select(CommitmentRow).where(CommitmentRow.id.in_(ids)))
        rows = {row.id: row for row in found}
        return [rows.get(each) for each in ids]

    async def hold(self, ids: Sequence[UUID], contract_id: UUID) -> None:
        """Makes a contract hold these commitments and no others.

        Raises:
            Conflict: another contract holds one of them.
        """
        freed = CommitmentRow.contract_id == contract_id, CommitmentRow.id.not_in(ids)
        await self._uow.session.execute(update(CommitmentRow).where(*freed).values(contract_id=None))
        free = or_(CommitmentRow.contract_id.is_(None), CommitmentRow.contract_id == contract_id)
        held = await self._uow.session.scalars(
            update(CommitmentRow)
            .where(CommitmentRow.id.in_(ids), free)
            .values(contract_id=contract_id)
            .returning(CommitmentRow.id)
        )
        if set(ids) - set(held):
            raise problems.Conflict("Another contract holds one of the commitments.", code="commitment_held")
