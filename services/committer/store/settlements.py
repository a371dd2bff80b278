"""Settlements: what was issued stays as it is; only a dispute is noted beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.committer.domain.settlement import Line, Place
from services.committer.store.base import Base
from services.committer.store.contracts import ContractRow


class SettlementRow(Base):
    """A settlement, the `number`th of its contract; `version` is its ETag."""

    __tablename__ = "settlements"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    contract_id: Mapped[UUID]
    account_id: Mapped[UUID]
    number: Mapped[int]
    period: Mapped[str]
    state: Mapped[str]
    currency: Mapped[str]
    lines: Mapped[list[dict[str, Any]]]
    net: Mapped[Decimal]
    issued_at: Mapped[datetime]
    disputed_by: Mapped[str | None]
    disputed_at: Mapped[datetime | None]
    dispute_reason: Mapped[str | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so

    @property
    def issued(self) -> Iterable[Line]:
        """Its lines as the domain knows them."""
        for each in self.lines:
            place = Place(each["term"], each["part"], each["place"])
            yield Line(place, Decimal(each["amount"]), each["is_correction"])


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """A line with what its reader sees: its label, and the key of the period that it is about."""

    line: Line
    label: str
    period: str


@dataclass(frozen=True, slots=True)
class SettlementFilter:
    """What a list of settlements is narrowed to; None means any."""

    contract_id: UUID | None = None
    period: str | None = None
    state: str | None = None


class Settlements:
    """The settlements of one unit of work's tenant; `only` narrows them to a customer's account."""

    def __init__(self, uow: UnitOfWork, only: UUID | None = None) -> None:
        self._uow = uow
        self._only = only

    async def issue(
        self, contract: ContractRow, lines: Sequence[LabelledLine], *, number: int, period: str
    ) -> SettlementRow:
        row = SettlementRow(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            contract_id=contract.id,
            account_id=contract.account_id,
            number=number,
            period=period,
            state="issued",
            currency=contract.currency,
            lines=[_kept(each) for each in lines],
            net=sum((each.line.amount for each in lines), Decimal(0)),
            issued_at=self._uow.clock.now(),
        )
        self._uow.session.add(row)
        await self._uow.session.flush()
        return row

    async def of_contract(self, contract_id: UUID) -> Sequence[SettlementRow]:
        """All of a contract's, in their order."""
        wanted = select(SettlementRow).where(SettlementRow.contract_id == contract_id)
        return (await self._uow.session.scalars(wanted.order_by(SettlementRow.number))).all()

    async def get(self, settlement_id: UUID) -> SettlementRow:
        """Raises:
        NotFound: there is no such settlement to see.
        """
        statement = select(SettlementRow).where(SettlementRow.id == settlement_id)
        row = await self._uow.session.scalar(statement)
        if row is None or self._only not in {None, row.account_id}:
            raise problems.NotFound("There is no such settlement.")
        return row

    async def page(self, page: PageRequest, wanted: SettlementFilter) -> Sequence[SettlementRow]:
        statement = select(SettlementRow)
        for column, value in (
            (SettlementRow.contract_id, wanted.contract_id),
            (SettlementRow.period, wanted.period),
            (SettlementRow.state, wanted.state),
            (SettlementRow.account_id, self._only),
        ):
            if value is not None:
                statement = statement.where(column == value)
        return (await self._uow.session.scalars(page.select(statement, SettlementRow.id))).all()

    async def dispute(self, row: SettlementRow, reason: str) -> None:
        """Raises:
        Conflict: it is disputed already.
        """
        if row.state != "issued":
            raise problems.Conflict("The settlement is disputed already.", code="wrong_state")
        row.state = "disputed"
        row.disputed_by = self._uow.actor.sub
        row.disputed_at = self._uow.clock.now()
        row.dispute_reason = reason
        await self._uow.session.flush()


def _kept(each: LabelledLine) -> dict[str, Any]:
    place = each.line.place
    return {
        "term": place.term,
        "part": place.part,
        "place": place.period,
        "period": each.period,
        "is_correction": each.line.is_correction,
        "label": each.label,
        "amount": str(each.line.amount),
    }
