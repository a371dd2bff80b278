"""Proof points: KPIs that customers really reached, and the benchmark of a driver that follows from them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Mapped, mapped_column

from services.architect.store.base import Base
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.events.amplifier import ProofPointPublished


class ProofPointRow(Base):
    """One proof point, as published; `measured` stands for the driver's `input`, in its unit."""

    __tablename__ = "proof_points"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID]
    driver_key: Mapped[str]
    input: Mapped[str]
    metric: Mapped[str]
    measured: Mapped[Decimal]
    published_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Spread:
    """What a number of contracts reached: the lowest, the median (one that was really measured), the
    highest; null where there is none."""

    count: int
    low: Decimal | None
    median: Decimal | None
    high: Decimal | None


class ProofPoints:
    """The proof points of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, published: ProofPointPublished, at: datetime) -> None:
        """A proof point that is known already stays as it is."""
        statement = insert(ProofPointRow).values(
            tenant_id=self._uow.actor.tenant,
            id=published.proof_point_id,
            contract_id=published.contract_id,
            driver_key=published.driver_key,
            input=published.input,
            metric=published.metric,
            measured=published.measured,
            published_at=at,
        )
        await self._uow.session.execute(statement.on_conflict_do_nothing())

    async def spread(self, driver_key: str, input_name: str) -> Spread:
        """Over what contracts last reached of one input of a driver: one that publishes again counts once."""
        newest = (
            select(ProofPointRow.measured)
            .ext(distinct_on(ProofPointRow.contract_id))
            .where(ProofPointRow.driver_key == driver_key, ProofPointRow.input == input_name)
            .order_by(ProofPointRow.contract_id, ProofPointRow.published_at.desc(), ProofPointRow.id.desc())
            .subquery()
        )
        measured = newest.c.measured
        statement = select(
            func.count(),
            func.min(measured),
            func.percentile_disc(0.5).within_group(measured),
            func.max(measured),
        ).select_from(newest)
        count, low, median, high = (await self._uow.session.execute(statement)).one()
        return Spread(count, low, median, high)
