"""Accounts: the customers whose value is being looked for."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Numeric, exists, select
from sqlalchemy.orm import Mapped, mapped_column

from services.architect.domain.accounts import AccountFacts
from services.architect.store.base import Base
from services.architect.store.hypotheses import HypothesisRow
from services.architect.store.models import ModelRow
from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork


class AccountRow(Base):
    """An account; `version` is its ETag."""

    __tablename__ = "accounts"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    name: Mapped[str]
    industry: Mapped[str]
    currency: Mapped[str]
    employees: Mapped[int | None]
    annual_revenue: Mapped[Decimal | None] = mapped_column(Numeric)
    pains: Mapped[list[str]]
    stakeholders: Mapped[list[dict[str, Any]]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so

    @property
    def facts(self) -> AccountFacts:
        """What decides which value to look for."""
        return AccountFacts(
            industry=self.industry,
            pains=frozenset(self.pains),
            personas=frozenset(each["persona"] for each in self.stakeholders),
            employees=self.employees,
            annual_revenue=None if self.annual_revenue is None else float(self.annual_revenue),
        )


class Accounts:
    """The accounts of one unit of work's tenant; `only` narrows them to the one that a customer may see."""

    def __init__(self, uow: UnitOfWork, only: UUID | None = None) -> None:
        self._uow = uow
        self._only = only

    async def add(self, **fields: Any) -> AccountRow:
        now = self._uow.clock.now()
        row = AccountRow(
            tenant_id=self._uow.actor.tenant, id=new_id(), created_at=now, updated_at=now, **fields
        )
        self._uow.session.add(row)
        await self._uow.session.flush()
        return row

    async def get(self, account_id: UUID) -> AccountRow:
        """Raises:
        NotFound: there is no such account to see.
        """
        row = await self._uow.session.scalar(select(AccountRow).where(AccountRow.id == account_id))
        if row is None or self._only not in {None, row.id}:
            raise problems.NotFound("There is no such account.")
        return row

    async def page(
        self, page: PageRequest, *, name: str | None = None, industry: str | None = None
    ) -> Sequence[AccountRow]:
        """One page of the accounts by that name and in that industry, as far as they are given."""
        statement = select(AccountRow)
        if self._only is not None:
            statement = statement.where(AccountRow.id == self._only)
        if name is not None:
            statement = statement.where(AccountRow.name == name)
        if industry is not None:
            statement = statement.where(AccountRow.industry == industry)
        return (await self._uow.session.scalars(page.select(statement, AccountRow.id))).all()

    async def replace(self, row: AccountRow, **fields: Any) -> None:
        """Writes all fields anew; the row's version moves on."""
        for name, value in fields.items():
            setattr(row, name, value)
        row.updated_at = self._uow.clock.now()
        await self._uow.session.flush()

    async def require_unused(self, row: AccountRow) -> None:
        """Raises:
        Conflict: something stands on the account.
        """
        for table in (HypothesisRow, ModelRow):
            if await self._uow.session.scalar(select(exists().where(table.account_id == row.id))):
                raise problems.Conflict("The account has hypotheses or models.", code="account_in_use")

    async def remove(self, row: AccountRow) -> None:
        await self._uow.session.delete(row)
        await self._uow.session.flush()
