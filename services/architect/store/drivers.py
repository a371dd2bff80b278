"""Drivers: those shipped with the product, which everybody reads, and a tenant's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, any_, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from services.architect.domain.templates import DriverTemplate
from services.architect.store.base import Base
from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork


class DriverRow(Base):
    """A driver; one without a tenant is the product's. What lists filter by stands beside the template."""

    __tablename__ = "drivers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID | None]
    key: Mapped[str]
    industries: Mapped[list[str]]
    category: Mapped[str]
    realisation: Mapped[str]
    template: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class DriverFilter:
    """What a list of drivers is narrowed to; None means any."""

    key: str | None = None
    industry: str | None = None
    category: str | None = None
    realisation: str | None = None
    own: bool | None = None

    def applied_to(self, statement: Select[Any]) -> Select[Any]:
        if self.key is not None:
            statement = statement.where(DriverRow.key == self.key)
        if self.industry is not None:
            statement = statement.where(literal(self.industry) == any_(DriverRow.industries))
        if self.category is not None:
            statement = statement.where(DriverRow.category == self.category)
        if self.realisation is not None:
            statement = statement.where(DriverRow.realisation == self.realisation)
        if self.own is not None:
            tenant = DriverRow.tenant_id
            statement = statement.where(tenant.is_not(None) if self.own else tenant.is_(None))
        return statement


class Drivers:
    """The drivers that one unit of work's tenant sees."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, template: DriverTemplate) -> DriverRow:
        """A driver of the tenant's own; it takes the place of the product's of the same key.

        Raises:
            Conflict: the tenant has a driver of this key.
        """
        row = DriverRow(
            tenant_id=self._uow.actor.tenant, created_at=self._uow.clock.now(), **columns_of(template)
        )
        self._uow.session.add(row)
        try:
            await self._uow.session.flush()
        except IntegrityError as error:
            raise problems.Conflict(
                f"There is an own driver {template.key} already.", code="key_taken"
            ) from error
        return row

    async def get(self, driver_id: UUID) -> DriverRow:
        """Raises:
        NotFound: there is no such driver to see.
        """
        row = await self._uow.session.scalar(select(DriverRow).where(DriverRow.id == driver_id))
        if row is None:
            raise problems.NotFound("There is no such driver.")
        return row

    async def page(self, page: PageRequest, wanted: DriverFilter) -> Sequence[DriverRow]:
        statement = page.select(wanted.applied_to(select(DriverRow)), DriverRow.id)
        return (await self._uow.session.scalars(statement)).all()

    async def templates(self) -> list[DriverTemplate]:
        """Every driver that counts for the tenant: of one key its own, else the product's."""
        ordered = select(DriverRow).order_by(DriverRow.tenant_id.is_not(None), DriverRow.key)
        rows = await self._uow.session.scalars(ordered)
        by_key = {row.key: row.template for row in rows}
        return [DriverTemplate.model_validate(template) for template in by_key.values()]


def columns_of(template: DriverTemplate) -> dict[str, Any]:
    """A new row's columns for a template."""
    return {
        "id": new_id(),
        "key": template.key,
        "industries": list(template.industries),
        "category": template.category,
        "realisation": template.realisation,
        "template": template.model_dump(mode="json"),
    }
