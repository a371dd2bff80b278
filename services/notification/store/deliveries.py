"""Deliveries: how far each message has come on each channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.notification.domain.delivery import FIRST_STATE, Channel
from services.notification.store.base import Base
from services.notification.store.messages import MessageRow
from services.notification.store.recipients import RecipientRow


class DeliveryRow(Base):
    """One message on one channel."""

    __tablename__ = "deliveries"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID]
    channel: Mapped[str]
    state: Mapped[str]
    delivered_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery, with the event it tells of and the `sub` it went to."""

    row: DeliveryRow
    event_id: UUID
    event_type: str
    recipient: str


class Deliveries:
    """The deliveries of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def begin(self, message_id: UUID, channel: Channel) -> None:
        """Puts a new message on a channel."""
        self._uow.session.add(
            DeliveryRow(
                tenant_id=self._uow.actor.tenant,
                id=new_id(),
                message_id=message_id,
                channel=channel,
                state=FIRST_STATE[channel],
                delivered_at=self._uow.clock.now(),
            )
        )

    async def page(
        self, page: PageRequest, *, event_id: UUID | None = None, recipient: str | None = None
    ) -> Sequence[Delivered]:
        """One page over all people, of one event or one recipient as far as they are given."""
        statement = (
            select(DeliveryRow, MessageRow.event_id, MessageRow.event_type, RecipientRow.sub)
            .join(MessageRow, MessageRow.id == DeliveryRow.message_id)
            .join(RecipientRow, RecipientRow.id == MessageRow.recipient_id)
        )
        if event_id is not None:
            statement = statement.where(MessageRow.event_id == event_id)
        if recipient is not None:
            statement = statement.where(RecipientRow.sub == recipient)
        rows = await self._uow.session.execute(page.select(statement, DeliveryRow.id))
        return [Delivered(*row) for row in rows]
