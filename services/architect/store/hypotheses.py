"""Hypotheses: drivers proposed to an account, and what was decided about them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Numeric, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from services.architect.domain.decisions import HypothesisState
from services.architect.domain.ranking import Hypothesis
from services.architect.domain.templates import DriverTemplate
from services.architect.store.base import Base
from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.money import rounded


class HypothesisRow(Base):
    """A hypothesis; `template` is the driver as it was proposed, whatever becomes of the library later."""

    __tablename__ = "hypotheses"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    account_id: Mapped[UUID]
    driver_key: Mapped[str]
    template: Mapped[dict[str, Any]]
    rank: Mapped[int]
    score: Mapped[float]
    parts: Mapped[dict[str, Any]]
    reason: Mapped[str]
    annual_value: Mapped[Decimal | None] = mapped_column(Numeric)
    currency: Mapped[str]
    state: Mapped[HypothesisState] = mapped_column(Text)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    rejection_reason: Mapped[str | None]
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so

    @property
    def driver(self) -> DriverTemplate:
        return DriverTemplate.model_validate(self.template)


class Hypotheses:
    """The hypotheses of one unit of work's tenant; `only` narrows them to the account a customer may see."""

    def __init__(self, uow: UnitOfWork, only: UUID | None = None) -> None:
        self._uow = uow
        self._only = only

    async def get(self, hypothesis_id: UUID) -> HypothesisRow:
        """Raises:
        NotFound: there is no such hypothesis to see.
        """
        row = await self._uow.session.scalar(select(HypothesisRow).where(HypothesisRow.id == hypothesis_id))
        if row is None or self._only not in {None, row.account_id}:
            raise problems.NotFound("There is no such hypothesis.")
        return row

    async def page(
        self, page: PageRequest, *, account_id: UUID | None = None, state: str | None = None
    ) -> Sequence[HypothesisRow]:
        """One page, the last generated first and among those the best first."""
        statement = select(HypothesisRow)
        if self._only is not None:
            statement = statement.where(HypothesisRow.account_id == self._only)
        if account_id is not None:
            statement = statement.where(HypothesisRow.account_id == account_id)
        if state is not None:
            statement = statement.where(HypothesisRow.state == state)
        return (await self._uow.session.scalars(page.select(statement, HypothesisRow.id))).all()

    async def accepted(self, account_id: UUID) -> list[DriverTemplate]:
        """The drivers that were accepted for an account, best first."""
        statement = (
            select(HypothesisRow)
            .where(HypothesisRow.account_id == account_id, HypothesisRow.state == "accepted")
            .order_by(HypothesisRow.score.desc(), HypothesisRow.driver_key)
        )
        return [row.driver for row in await self._uow.session.scalars(statement)]

    async def decided_keys(self, account_id: UUID) -> frozenset[str]:
        """The drivers about which an account has decided already."""
        statement = select(HypothesisRow.driver_key).where(
            HypothesisRow.account_id == account_id, HypothesisRow.state != "proposed"
        )
        return frozenset(await self._uow.session.scalars(statement))

    async def propose(
        self, account_id: UUID, ranked: Iterable[Hypothesis], *, currency: str
    ) -> list[HypothesisRow]:
        """The account's proposals from now on, best first; what was decided stays as it is."""
        decided = await self.decided_keys(account_id)
        await self._uow.session.execute(
            delete(HypothesisRow).where(
                HypothesisRow.account_id == account_id, HypothesisRow.state == "proposed"
            )
        )
        fresh = [each for each in ranked if each.driver.key not in decided]
        # Ids grow: made from the last to the first, they make a list that is newest first also best first.
        rows = [self._row(account_id, each, currency) for each in reversed(fresh)]
        self._uow.session.add_all(rows)
        await self._uow.session.flush()
        return rows[::-1]

    def _row(self, account_id: UUID, hypothesis: Hypothesis, currency: str) -> HypothesisRow:
        value = hypothesis.annual_value
        return HypothesisRow(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            account_id=account_id,
            driver_key=hypothesis.driver.key,
            template=hypothesis.driver.model_dump(mode="json"),
            rank=hypothesis.rank,
            score=hypothesis.score,
            parts=asdict(hypothesis.parts),
            reason=hypothesis.reason,
            annual_value=None if value is None else rounded(value, currency).amount,
            currency=currency,
            state="proposed",
            created_at=self._uow.clock.now(),
        )
