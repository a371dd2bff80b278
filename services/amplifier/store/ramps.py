"""When drivers began to work: the first day on which a milestone that they wait for was accepted."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.amplifier.store.base import Base
from services.chassis.unit_of_work import UnitOfWork


class RampStartRow(Base):
    """A driver's first day of work under a contract."""

    __tablename__ = "ramp_starts"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    driver_key: Mapped[str] = mapped_column(primary_key=True)
    started_on: Mapped[date]


class RampStarts:
    """The ramp starts of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def note(self, contract_id: UUID, driver_keys: Sequence[str], day: date) -> None:
        """Of several milestones that start a driver the earliest counts, in whichever order they are told."""
        for driver_key in sorted(set(driver_keys)):
            statement = insert(RampStartRow).values(
                tenant_id=self._uow.actor.tenant,
                contract_id=contract_id,
                driver_key=driver_key,
                started_on=day,
            )
            earliest = func.least(RampStartRow.started_on, statement.excluded.started_on)
            await self._uow.session.execute(
                statement.on_conflict_do_update(
                    index_elements=[
                        RampStartRow.tenant_id,
                        RampStartRow.contract_id,
                        RampStartRow.driver_key,
                    ],
                    set_={"started_on": earliest},
                )
            )

    async def of(self, contract_id: UUID) -> dict[str, date]:
        """The first day of each driver that has begun."""
        wanted = select(RampStartRow.driver_key, RampStartRow.started_on).where(
            RampStartRow.contract_id == contract_id
        )
        return {row.driver_key: row.started_on for row in await self._uow.session.execute(wanted)}
