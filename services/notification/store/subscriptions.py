"""Subscriptions: what people follow beyond what concerns them anyway."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.notification.store.base import Base
from services.notification.store.recipients import RecipientRow

MOST = 100


class SubscriptionRow(Base):
    """Types of events (none: all) about one thing, or about anything."""

    __tablename__ = "subscriptions"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient_id: Mapped[UUID]
    event_types: Mapped[list[str]]
    about: Mapped[UUID | None]
    created_at: Mapped[datetime]


class Subscriptions:
    """The subscriptions of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, recipient_id: UUID, event_types: list[str], about: UUID | None) -> SubscriptionRow:
        """Raises:
        Conflict: the person has as many as there may be.
        """
        mine = SubscriptionRow.recipient_id == recipient_id
        count = await self._uow.session.scalar(select(func.count()).where(mine))
        if (count or 0) >= MOST:
            raise problems.Conflict(f"There may be {MOST} subscriptions.", code="too_many_subscriptions")
        row = SubscriptionRow(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            recipient_id=recipient_id,
            event_types=event_types,
            about=about,
            created_at=self._uow.clock.now(),
        )
        self._uow.session.add(row)
        await self._uow.session.flush()
        return row

    async def page(self, page: PageRequest, recipient_id: UUID) -> Sequence[SubscriptionRow]:
        """One page of one person's."""
        statement = select(SubscriptionRow).where(SubscriptionRow.recipient_id == recipient_id)
        return (await self._uow.session.scalars(page.select(statement, SubscriptionRow.id))).all()

    async def get(self, subscription_id: UUID, recipient_id: UUID) -> SubscriptionRow:
        """Raises:
        NotFound: this person has no such subscription.
        """
        row = await self._uow.session.scalar(
            select(SubscriptionRow).where(
                SubscriptionRow.id == subscription_id, SubscriptionRow.recipient_id == recipient_id
            )
        )
        if row is None:
            raise problems.NotFound("You have no such subscription.")
        return row

    async def remove(self, row: SubscriptionRow) -> None:
        """Follows no longer."""
        await self._uow.session.execute(delete(SubscriptionRow).where(SubscriptionRow.id == row.id))

    async def followers(
        self, event_type: str, about: Collection[UUID], *, without: Collection[str]
    ) -> Sequence[RecipientRow]:
        """Whoever follows a type of event, or any of the things that an event is about."""
        of_type = or_(
            func.cardinality(SubscriptionRow.event_types) == 0,
            SubscriptionRow.event_types.contains([event_type]),
        )
        of_things = or_(SubscriptionRow.about.is_(None), SubscriptionRow.about.in_(about))
        following = select(SubscriptionRow.recipient_id).where(of_type, of_things)
        people = select(RecipientRow).where(RecipientRow.id.in_(following), RecipientRow.sub.not_in(without))
        return (await self._uow.session.scalars(people.order_by(RecipientRow.id))).all()
