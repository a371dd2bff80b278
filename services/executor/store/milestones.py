"""Milestones: what a plan delivers, and what its customer accepts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import cast
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.executor.domain.lifecycle import (
    OPEN_MILESTONES,
    MilestoneAction,
    MilestoneState,
    milestone_after,
)
from services.executor.store.base import Base
from services.schemas.commands import PlannedMilestone


class MilestoneRow(Base):
    """A milestone; `version` is its ETag.

    `expected_on` and `at_risk` are what the last schedule said; `reason` is why it was rejected or blocked.
    """

    __tablename__ = "milestones"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    plan_id: Mapped[UUID]
    key: Mapped[str]
    label: Mapped[str]
    due: Mapped[date]
    driver_keys: Mapped[list[str]]
    commitment_ids: Mapped[list[UUID]]
    term_id: Mapped[str | None]
    state: Mapped[str]
    expected_on: Mapped[date | None]
    at_risk: Mapped[bool]
    reason: Mapped[str | None]
    delivered_by: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None]
    accepted_on: Mapped[date | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so

    @property
    def life(self) -> MilestoneState:
        return cast(MilestoneState, self.state)

    @property
    def is_open(self) -> bool:
        """Whether it is still to be delivered."""
        return self.life in OPEN_MILESTONES

    @property
    def planned(self) -> PlannedMilestone:
        """The milestone as the contract has it."""
        return PlannedMilestone(
            key=self.key,
            label=self.label,
            due=self.due,
            driver_keys=tuple(self.driver_keys),
            commitment_ids=tuple(self.commitment_ids),
            term_id=self.term_id,
        )

    def step(self, action: MilestoneAction) -> None:
        """Raises:
        WrongState: its state has no such action.
        """
        self.state = milestone_after(self.life, action)


class Milestones:
    """The milestones of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, plan_id: UUID, planned: Sequence[PlannedMilestone]) -> None:
        """A plan's milestones, in their order."""
        self._uow.session.add_all(
            MilestoneRow(
                tenant_id=self._uow.actor.tenant,
                id=new_id(),
                plan_id=plan_id,
                key=each.key,
                label=each.label,
                due=each.due,
                driver_keys=list(each.driver_keys),
                commitment_ids=list(each.commitment_ids),
                term_id=each.term_id,
                state="planned",
                at_risk=False,
            )
            for each in planned
        )
        await self._uow.session.flush()

    async def of(self, plan_id: UUID) -> Sequence[MilestoneRow]:
        """A plan's milestones, in their order."""
        statement = select(MilestoneRow).where(MilestoneRow.plan_id == plan_id).order_by(MilestoneRow.id)
        return (await self._uow.session.scalars(statement)).all()

    async def get(self, plan_id: UUID, key: str) -> MilestoneRow:
        """Raises:
        NotFound: the plan has no such milestone.
        """
        wanted = MilestoneRow.plan_id == plan_id, MilestoneRow.key == key
        row = await self._uow.session.scalar(select(MilestoneRow).where(*wanted))
        if row is None:
            raise problems.NotFound("The plan has no such milestone.")
        return row

    async def all_accepted(self, plan_id: UUID) -> bool:
        """Whether every milestone of the plan is accepted, as far as this unit of work has written."""
        await self._uow.session.flush()
        still_open = exists().where(MilestoneRow.plan_id == plan_id, MilestoneRow.state != "accepted")
        return not await self._uow.session.scalar(select(still_open))
