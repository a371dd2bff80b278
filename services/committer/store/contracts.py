"""Contracts: drafted, reviewed, signed by both parties, and in force from then on as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import flag_modified

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.committer.domain.agreement import MILESTONES, PROMISES, TERMS, Agreement, Calendar
from services.committer.domain.lifecycle import Contract, State
from services.committer.store.base import Base
from services.schemas.money import Money
from services.schemas.value_model import PeriodLength

# What the vendor has not agreed on within the house is not shown to a customer.
_INTERNAL = ("draft", "in_review")


class ContractRow(Base):
    """A contract; `version` is its ETag. `settled_periods` are those whose settlement was issued."""

    __tablename__ = "contracts"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    account_id: Mapped[UUID]
    model_id: Mapped[UUID]
    model_version: Mapped[int]
    version_hash: Mapped[str]
    currency: Mapped[str]
    name: Mapped[str]
    owner: Mapped[str]
    authors: Mapped[list[str]]
    state: Mapped[str]
    effective_on: Mapped[date]
    time_zone: Mapped[str]
    period_length: Mapped[str]
    periods: Mapped[int]
    promises: Mapped[list[dict[str, Any]]]
    terms: Mapped[list[dict[str, Any]]]
    milestones: Mapped[list[dict[str, Any]]]
    committed_value: Mapped[Decimal]
    settled_periods: Mapped[int]
    requested_by: Mapped[str | None]
    returned_reason: Mapped[str | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    vendor_signer: Mapped[str | None]
    vendor_signed_at: Mapped[datetime | None]
    customer_signer: Mapped[str | None]
    customer_signed_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    termination_reason: Mapped[str | None]
    delivered: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so

    @property
    def life(self) -> Contract:
        """The contract as far as its life goes."""
        return Contract(
            owner=self.owner,
            authors=frozenset(self.authors),
            state=cast(State, self.state),
            requested_by=self.requested_by,
            approved_by=self.approved_by,
            vendor_signer=self.vendor_signer,
            customer_signer=self.customer_signer,
        )

    def live(self, life: Contract) -> None:
        """Writes down where the contract's life has led."""
        self.state = life.state
        self.authors = sorted(life.authors)
        self.requested_by = life.requested_by
        self.approved_by = life.approved_by
        self.vendor_signer = life.vendor_signer
        self.customer_signer = life.customer_signer

    @property
    def calendar(self) -> Calendar:
        length = cast(PeriodLength, self.period_length)
        return Calendar(self.effective_on, self.time_zone, length, self.periods)

    @property
    def agreement(self) -> Agreement:
        """What the contract says, as documents."""
        return Agreement(
            calendar=self.calendar,
            promises=PROMISES.validate_json(to_json(self.promises)),
            terms=TERMS.validate_json(to_json(self.terms)),
            milestones=MILESTONES.validate_json(to_json(self.milestones)),
        )

    def hold(self, agreement: Agreement) -> None:
        """Puts what the contract says into its columns."""
        calendar = agreement.calendar
        self.effective_on, self.time_zone = calendar.effective_on, calendar.time_zone
        self.period_length, self.periods = calendar.length, calendar.count
        self.promises = PROMISES.dump_python(agreement.promises, mode="json")
        self.terms = TERMS.dump_python(agreement.terms, mode="json")
        self.milestones = MILESTONES.dump_python(agreement.milestones, mode="json")
        self.committed_value = agreement.committed_value

    def money(self, amount: Decimal) -> Money:
        """An amount in the contract's currency."""
        return Money(amount=amount, currency=self.currency)

    def said_by_events(self) -> dict[str, Any]:
        """What every event of a contract says of it."""
        return {
            "contract_id": self.id,
            "account_id": self.account_id,
            "name": self.name,
            "owner": self.owner,
        }


@dataclass(frozen=True, slots=True)
class Basis:
    """The approved model version that a contract stands on, and whose it is."""

    account_id: UUID
    model_id: UUID
    model_version: int
    version_hash: str
    currency: str


@dataclass(frozen=True, slots=True)
class ContractFilter:
    """What a list of contracts is narrowed to; None means any."""

    account_id: UUID | None = None
    model_id: UUID | None = None
    state: str | None = None


class Contracts:
    """The contracts of one unit of work's tenant; `only` narrows them to the account a customer may see."""

    def __init__(self, uow: UnitOfWork, only: UUID | None = None) -> None:
        self._uow = uow
        self._only = only

    async def add(self, *, name: str, basis: Basis, agreement: Agreement) -> ContractRow:
        """A new draft, owned by the actor."""
        actor, now = self._uow.actor, self._uow.clock.now()
        row = ContractRow(
            tenant_id=actor.tenant,
            id=new_id(),
            name=name,
            owner=actor.sub,
            settled_periods=0,
            delivered=False,
            created_at=now,
            updated_at=now,
        )
        row.live(Contract(owner=actor.sub, authors=frozenset({actor.sub})))
        self._stand_on(row, basis)
        row.hold(agreement)
        self._uow.session.add(row)
        await self._uow.session.flush()
        return row

    async def replace(self, row: ContractRow, *, name: str, basis: Basis, agreement: Agreement) -> None:
        """A draft's content anew."""
        row.name = name
        self._stand_on(row, basis)
        row.hold(agreement)
        await self.touch(row)

    async def get(self, contract_id: UUID) -> ContractRow:
        """Raises:
        NotFound: there is no such contract to see.
        """
        return self._seen(
            await self._uow.session.scalar(select(ContractRow).where(ContractRow.id == contract_id))
        )

    async def held(self, contract_id: UUID) -> ContractRow:
        """The contract, which nobody else changes or settles before this unit of work ends.

        Raises:
            NotFound: there is no such contract to see.
        """
        statement = select(ContractRow).where(ContractRow.id == contract_id).with_for_update()
        return self._seen(await self._uow.session.scalar(statement))

    async def page(self, page: PageRequest, wanted: ContractFilter) -> Sequence[ContractRow]:
        statement = select(ContractRow)
        for column, value in (
            (ContractRow.account_id, wanted.account_id),
            (ContractRow.model_id, wanted.model_id),
            (ContractRow.state, wanted.state),
        ):
            if value is not None:
                statement = statement.where(column == value)
        if self._only is not None:
            statement = statement.where(
                ContractRow.account_id == self._only, ContractRow.state.not_in(_INTERNAL)
            )
        return (await self._uow.session.scalars(page.select(statement, ContractRow.id))).all()

    async def touch(self, row: ContractRow) -> None:
        """Writes what has changed; the contract's version moves on."""
        row.updated_at = self._uow.clock.now()
        flag_modified(row, "updated_at")
        await self._uow.session.flush()

    @staticmethod
    def _stand_on(row: ContractRow, basis: Basis) -> None:
        row.account_id, row.model_id = basis.account_id, basis.model_id
        row.model_version, row.version_hash = basis.model_version, basis.version_hash
        row.currency = basis.currency

    def _seen(self, row: ContractRow | None) -> ContractRow:
        if row is None or (
            self._only is not None and (row.account_id != self._only or row.state in _INTERNAL)
        ):
            raise problems.NotFound("There is no such contract.")
        return row
