"""Messages: what one event says to one person; by which channels it reached them stands in `deliveries`."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis.handlers import Event
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.notification.domain.templates import Words
from services.notification.store.base import Base
from services.schemas.events import EventPayload


class MessageRow(Base):
    """One event's message to one recipient."""

    __tablename__ = "messages"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    subject: Mapped[str]
    sequence: Mapped[int]
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str]
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]


class Messages:
    """The messages of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def write(self, recipient_id: UUID, event: Event[EventPayload], words: Words) -> UUID | None:
        """A message's id, or None where the recipient has one of this event already."""
        statement = insert(MessageRow).values(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            recipient_id=recipient_id,
            event_id=event.id,
            event_type=event.type,
            subject=event.subject,
            sequence=event.sequence,
            title=words.title,
            body=words.body,
            link=words.link,
            occurred_at=event.occurred_at,
            created_at=self._uow.clock.now(),
        )
        made = await self._uow.session.scalars(statement.on_conflict_do_nothing().returning(MessageRow.id))
        return made.first()

    async def tell_of_later(self, event: Event[EventPayload], types: Collection[str]) -> bool:
        """Whether somebody was told of a later event of these types about the same aggregate."""
        later = exists().where(
            MessageRow.subject == event.subject,
            MessageRow.event_type.in_(types),
            MessageRow.sequence > event.sequence,
        )
        return bool(await self._uow.session.scalar(select(later)))
