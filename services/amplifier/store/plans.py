"""Success plans: what one contract promised, and by which model it is measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, defer, mapped_column
from sqlalchemy.orm.attributes import flag_modified

from services.amplifier.domain.lifecycle import PlanAction, PlanState, WrongState, plan_after
from services.amplifier.domain.yardstick import Yardstick
from services.amplifier.store.base import Base
from services.amplifier.store.periods import Periods
from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.commands import CreateSuccessPlan
from services.schemas.problem import FieldError
from services.schemas.value_model import ValueModel


class PlanRow(Base):
    """A success plan; `version` is its ETag, `readings` counts its measurements."""

    __tablename__ = "success_plans"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    contract_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    name: Mapped[str]
    owner: Mapped[str]
    state: Mapped[str]
    document: Mapped[dict[str, Any]]
    model: Mapped[dict[str, Any] | None]
    findings: Mapped[list[dict[str, Any]]]
    fetch_after: Mapped[datetime]
    readings: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so

    @property
    def life(self) -> PlanState:
        return cast(PlanState, self.state)

    @property
    def command(self) -> CreateSuccessPlan:
        """What the plan was made by."""
        return CreateSuccessPlan.model_validate(self.document)

    @property
    def yardstick(self) -> Yardstick | None:
        """By what it is measured; None before its model was fetched."""
        if self.model is None:
            return None
        command = self.command
        return Yardstick(ValueModel.model_validate(self.model), command.periods, command.commitments)

    @property
    def required_yardstick(self) -> Yardstick:
        """Raises:
        WrongState: it has no model.
        """
        found = self.yardstick
        if found is None:
            raise WrongState("success plan", self.state, "measurements")
        return found


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

    async def add(self, command: CreateSuccessPlan) -> PlanRow | None:
        """A new plan with its periods; None if the contract has one already that is not cancelled."""
        now = self._uow.clock.now()
        statement = insert(PlanRow).values(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            version=1,
            contract_id=command.contract_id,
            account_id=command.account_id,
            name=command.name,
            owner=command.owner,
            state="fetching",
            document=command.model_dump(mode="json"),
            findings=[],
            fetch_after=now,
            readings=0,
            created_at=now,
            updated_at=now,
        )
        row: PlanRow | None = await self._uow.session.scalar(
            statement.on_conflict_do_nothing().returning(PlanRow)
        )
        if row is not None:
            await Periods(self._uow).add(row.id, [period.key for period in command.periods])
        return row

    async def have(self, command: CreateSuccessPlan) -> bool:
        """Whether the contract's plan is the one that the command describes."""
        row = await self.held_of(command.contract_id)
        return row is not None and row.command == command

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
        """One page of the plans, without their models."""
        statement = wanted.applied_to(select(PlanRow)).options(defer(PlanRow.model, raiseload=True))
        if self._only is not None:
            statement = statement.where(PlanRow.account_id == self._only)
        return (await self._uow.session.scalars(page.select(statement, PlanRow.id))).all()

    async def step(self, row: PlanRow, action: PlanAction) -> None:
        """Raises:
        WrongState: the plan's state has no such action.
        """
        row.state = plan_after(row.life, action)
        await self.touch(row)

    async def hold_model(self, row: PlanRow, model: ValueModel) -> None:
        """Writes down the model by which the plan is measured from now on."""
        row.model = model.model_dump(mode="json")
        await self.step(row, "activate")

    async def refuse(self, row: PlanRow, findings: Sequence[FieldError]) -> None:
        """Writes down why the plan cannot be measured."""
        row.findings = [each.model_dump(mode="json") for each in findings]
        await self.step(row, "refuse")

    async def touch(self, row: PlanRow) -> None:
        """Writes what has changed; the plan's version moves on even if only its measurements did."""
        row.updated_at = self._uow.clock.now()
        flag_modified(row, "updated_at")
        await self._uow.session.flush()

    def _seen(self, row: PlanRow | None) -> PlanRow:
        if row is None or self._only not in {None, row.account_id}:
            raise problems.NotFound("There is no such success plan.")
        return row
