"""What others told about contracts in force: realised values by period, and accepted milestones."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis.unit_of_work import UnitOfWork
from services.committer.store.base import Base
from services.schemas.events.amplifier import RealisedValue


class PeriodResultRow(Base):
    """The realised values of a closed period; `restated` since the last settlement."""

    __tablename__ = "period_results"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    realised: Mapped[list[dict[str, Any]]]
    restated: Mapped[bool]

    @property
    def values(self) -> dict[str, Decimal]:
        """The realised amounts by the commitments' keys, of those that somebody measured."""
        measured = [each for each in self.realised if each["measured"] is not None]
        return {each["commitment"]: Decimal(each["realised"]["amount"]) for each in measured}


class MilestoneResultRow(Base):
    """The day on which a milestone was accepted; null while it is rejected."""

    __tablename__ = "milestone_results"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    milestone: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    accepted_on: Mapped[date | None]


@dataclass(frozen=True, slots=True)
class PeriodResult:
    """What an event said of a period; `sequence` tells the newer from the older."""

    period: str
    sequence: int
    values: Iterable[RealisedValue]


class Results:
    """The results of one contract, in one unit of work."""

    def __init__(self, uow: UnitOfWork, contract_id: UUID) -> None:
        self._uow = uow
        self._contract_id = contract_id

    async def close(self, result: PeriodResult) -> bool:
        """Notes the first values of a period; whether there were none before."""
        statement = insert(PeriodResultRow).values(**self._columns(result), restated=False)
        made = await self._uow.session.execute(
            statement.on_conflict_do_nothing().returning(PeriodResultRow.period)
        )
        return made.first() is not None

    async def restate(self, result: PeriodResult) -> bool:
        """Replaces older values of a closed period by newer ones; whether they were newer."""
        changed = self._columns(result)
        made = await self._uow.session.execute(
            update(PeriodResultRow)
            .where(
                PeriodResultRow.contract_id == self._contract_id,
                PeriodResultRow.period == result.period,
                PeriodResultRow.sequence < result.sequence,
            )
            .values(sequence=changed["sequence"], realised=changed["realised"], restated=True)
            .returning(PeriodResultRow.period)
        )
        return made.first() is not None

    async def periods(self) -> dict[str, PeriodResultRow]:
        """Everything known of closed periods, by their keys."""
        wanted = select(PeriodResultRow).where(PeriodResultRow.contract_id == self._contract_id)
        # What a statement changed beside the session's rows is to be seen.
        rows = await self._uow.session.scalars(wanted.execution_options(populate_existing=True))
        return {row.period: row for row in rows}

    async def note_milestone(self, milestone: str, *, accepted_on: date | None, sequence: int) -> None:
        """Keeps where a milestone stands, unless something newer is known."""
        statement = insert(MilestoneResultRow).values(
            tenant_id=self._uow.actor.tenant,
            contract_id=self._contract_id,
            milestone=milestone,
            sequence=sequence,
            accepted_on=accepted_on,
        )
        await self._uow.session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "contract_id", "milestone"],
                set_={"sequence": sequence, "accepted_on": accepted_on},
                where=MilestoneResultRow.sequence < sequence,
            )
        )

    async def accepted(self) -> dict[str, date]:
        """The days on which milestones were accepted, by their keys."""
        wanted = select(MilestoneResultRow.milestone, MilestoneResultRow.accepted_on).where(
            MilestoneResultRow.contract_id == self._contract_id,
            MilestoneResultRow.accepted_on.is_not(None),
        )
        return {row.milestone: row.accepted_on for row in await self._uow.session.execute(wanted)}

    def _columns(self, result: PeriodResult) -> dict[str, Any]:
        return {
            "tenant_id": self._uow.actor.tenant,
            "contract_id": self._contract_id,
            "period": result.period,
            "sequence": result.sequence,
            "realised": [value.model_dump(mode="json") for value in result.values],
        }
