"""Measurements: every reading, with whoever brought it."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from services.amplifier.domain.measurements import Reading
from services.amplifier.store.base import Base
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork


class MeasurementRow(Base):
    """One reading; it is never changed."""

    __tablename__ = "measurements"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID]
    metric: Mapped[str]
    month: Mapped[str]
    value: Mapped[Decimal]
    recorded_on: Mapped[date]
    recorded_by: Mapped[str]
    added_at: Mapped[datetime]


class Measurements:
    """The measurements of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, plan_id: UUID, readings: Sequence[Reading]) -> None:
        """New readings of a plan, brought by the actor."""
        now = self._uow.clock.now()
        self._uow.session.add_all(
            MeasurementRow(
                tenant_id=self._uow.actor.tenant,
                id=new_id(),
                plan_id=plan_id,
                metric=each.metric,
                month=each.month,
                value=each.value,
                recorded_on=each.recorded_on,
                recorded_by=self._uow.actor.sub,
                added_at=now,
            )
            for each in readings
        )
        await self._uow.session.flush()

    async def readings(self, plan_id: UUID) -> list[Reading]:
        """Every reading of a plan."""
        columns = (
            MeasurementRow.metric,
            MeasurementRow.month,
            MeasurementRow.value,
            MeasurementRow.recorded_on,
        )
        rows = await self._uow.session.execute(select(*columns).where(MeasurementRow.plan_id == plan_id))
        return [Reading(*row) for row in rows]

    async def page(
        self, page: PageRequest, plan_id: UUID, *, metric: str | None, month: str | None
    ) -> Sequence[MeasurementRow]:
        statement = select(MeasurementRow).where(MeasurementRow.plan_id == plan_id)
        if metric is not None:
            statement = statement.where(MeasurementRow.metric == metric)
        if month is not None:
            statement = statement.where(MeasurementRow.month == month)
        return (await self._uow.session.scalars(page.select(statement, MeasurementRow.id))).all()
