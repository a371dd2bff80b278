"""Proof points: realised figures that were published."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from services.amplifier.domain.proof import Proof
from services.amplifier.store.base import Base
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork


class ProofPointRow(Base):
    """A published figure of a driver; it is never changed."""

    __tablename__ = "proof_points"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID]
    driver_key: Mapped[str]
    input: Mapped[str]
    metric: Mapped[str]
    measured: Mapped[Decimal]
    realised: Mapped[Decimal]
    currency: Mapped[str]
    periods: Mapped[list[str]]
    published_by: Mapped[str]
    published_at: Mapped[datetime]


class ProofPoints:
    """The proof points of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, plan_id: UUID, proof: Proof) -> ProofPointRow:
        """A proof point, published by the actor."""
        row = ProofPointRow(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            plan_id=plan_id,
            driver_key=proof.driver_key,
            input=proof.input,
            metric=proof.metric,
            measured=proof.measured,
            realised=proof.realised.amount,
            currency=proof.realised.currency,
            periods=list(proof.periods),
            published_by=self._uow.actor.sub,
            published_at=self._uow.clock.now(),
        )
        self._uow.session.add(row)
        await self._uow.session.flush()
        return row

    async def page(self, page: PageRequest, plan_id: UUID) -> Sequence[ProofPointRow]:
        statement = select(ProofPointRow).where(ProofPointRow.plan_id == plan_id)
        return (await self._uow.session.scalars(page.select(statement, ProofPointRow.id))).all()
