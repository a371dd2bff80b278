"""Plans: the delivery of one contract each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import flag_modified

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.executor.domain.lifecycle import PlanAction, PlanState, plan_after
from services.executor.domain.working_days import WorkingDays
from services.executor.store.base import Base
from services.executor.store.milestones import Milestones
from services.schemas.commands import CreatePlan


class PlanRow(Base):
    """A plan; `version` is its ETag and moves with every change of it or of its activities."""

    __tablename__ = "plans"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    contract_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    name: Mapped[str]
    owner: Mapped[str]
    state: Mapped[str]
    effective_on: Mapped[date]
    time_zone: Mapped[str]
    holidays: Mapped[list[date]]
    baseline_finish: Mapped[date | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so

    @property
    def life(self) -> PlanState:
        return cast(PlanState, self.state)

    @property
    def working_days(self) -> WorkingDays:
        return WorkingDays(self.effective_on, self.holidays)


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """What a list of plans is narrowed to; None means any."""

    contract_id: UUID | None = None
    state: str | None = None

    def applied_to(self, statement: Select[PlanRow]) -> Select[PlanRow]:
        if self.contract_id is not None:
            statement = statement.where(PlanRow.contract_id == self.contract_id)
        if self.state is not None:
            statement = statement.where(PlanRow.state == self.state)
        return statement


class Plans:
    """The plans of one unit of work's tenant; `only` narrows them to the account that a customer may see."""

    def __init__(self, uow: UnitOfWork, only: UUID | None = None) -> None:
        self._uow = uow
        self._only = only

    async def add(self, command: CreatePlan) -> PlanRow | None:
        """A new plan with its milestones; None if the contract has one already that is not cancelled."""
        now = self._uow.clock.now()
        statement = insert(PlanRow).values(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            version=1,
            state="planned",
            holidays=[],
            created_at=now,
            updated_at=now,
            **_columns(command),
        )
        row: PlanRow | None = await self._uow.session.scalar(
            statement.on_conflict_do_nothing().returning(PlanRow)
        )
        if row is not None:
            await Milestones(self._uow).add(row.id, command.milestones)
        return row

    async def have(self, command: CreatePlan) -> bool:
        """Whether the contract's plan is the one that the command describes."""
        row = await self.held_of(command.contract_id)
        if row is None:
            return False
        wanted = _columns(command)
        planned = [each.planned for each in await Milestones(self._uow).of(row.id)]
        return {name: getattr(row, name) for name in wanted} == wanted and planned == [*command.milestones]

    async def get(self, plan_id: UUID) -> PlanRow:
        """Raises:
        NotFound: there is no such plan to see.
        """
        return self._seen(await self._uow.session.scalar(select(PlanRow).where(PlanRow.id == plan_id)))

    async def held(self, plan_id: UUID) -> PlanRow:
        """The plan, which nobody else changes before this unit of work ends, nor anything that belongs to it.

        Raises:
            NotFound: there is no such plan to see.
        """
        statement = select(PlanRow).where(PlanRow.id == plan_id).with_for_update()
        return self._seen(await self._uow.session.scalar(statement))

    async def held_of(self, contract_id: UUID) -> PlanRow | None:
        """A contract's plan, held as above, if it has one that is not cancelled."""
        wanted = PlanRow.contract_id == contract_id, PlanRow.state != "cancelled"
        found: PlanRow | None = await self._uow.session.scalar(
            select(PlanRow).where(*wanted).with_for_update()
        )
        return found

    async def page(self, page: PageRequest, wanted: PlanFilter) -> Sequence[PlanRow]:
        statement = wanted.applied_to(select(PlanRow))
        if self._only is not None:
            statement = statement.where(PlanRow.account_id == self._only)
        return (await self._uow.session.scalars(page.select(statement, PlanRow.id))).all()

    async def step(self, row: PlanRow, action: PlanAction) -> None:
        """Raises:
        WrongState: the plan's state has no such action.
        """
        row.state = plan_after(row.life, action)
        await self.touch(row)

    async def begin(self, row: PlanRow) -> None:
        """The first work on a plan makes it active."""
        if row.life == "planned":
            await self.step(row, "activate")

    async def touch(self, row: PlanRow) -> None:
        """Writes what has changed; the plan's version moves on even if only its activities did."""
        row.updated_at = self._uow.clock.now()
        flag_modified(row, "updated_at")
        await self._uow.session.flush()

    def _seen(self, row: PlanRow | None) -> PlanRow:
        if row is None or self._only not in {None, row.account_id}:
            raise problems.NotFound("There is no such plan.")
        return row


def _columns(command: CreatePlan) -> dict[str, Any]:
    return {
        "contract_id": command.contract_id,
        "account_id": command.account_id,
        "name": command.name,
        "owner": command.owner,
        "effective_on": command.effective_on,
        "time_zone": command.time_zone,
    }
