"""One person's in-app inbox: their messages on that channel, and which of them were read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select

from services.chassis import problems
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.notification.domain.delivery import Channel, Step
from services.notification.store.deliveries import DeliveryRow
from services.notification.store.messages import MessageRow


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A message and its delivery by the inbox."""

    message: MessageRow
    delivery: DeliveryRow

    @property
    def read_at(self) -> datetime | None:
        return self.delivery.read_at


class Inbox:
    """The inbox of one recipient."""

    def __init__(self, uow: UnitOfWork, recipient_id: UUID) -> None:
        self._uow = uow
        self._recipient_id = recipient_id

    async def page(self, page: PageRequest, *, unread: bool | None = None) -> Sequence[InboxItem]:
        """One page, of those not read (or those read) if asked so."""
        statement = self._items()
        if unread is not None:
            statement = statement.where(DeliveryRow.read_at.is_(None) == unread)
        rows = await self._uow.session.execute(page.select(statement, MessageRow.id))
        return [InboxItem(*row) for row in rows]

    async def unread_count(self) -> int:
        unread = self._items().where(DeliveryRow.read_at.is_(None))
        return await self._uow.session.scalar(select(func.count()).select_from(unread.subquery())) or 0

    async def get(self, message_id: UUID) -> InboxItem:
        """Raises:
        NotFound: this person has no such message.
        """
        return await self._one(self._items().where(MessageRow.id == message_id))

    async def read(self, message_id: UUID) -> tuple[InboxItem, bool]:
        """Notes that a message was read, and tells whether this was the first time; the first time is kept.

        Raises:
            NotFound: this person has no such message.
        """
        item = await self._one(
            self._items().where(MessageRow.id == message_id).with_for_update(of=DeliveryRow)
        )
        item.delivery.step(Step.READ)
        is_first = item.delivery.read_at is None
        if is_first:
            item.delivery.read_at = self._uow.clock.now()
        return item, is_first

    def _items(self) -> Select[MessageRow, DeliveryRow]:
        return (
            select(MessageRow, DeliveryRow)
            .join(DeliveryRow, DeliveryRow.message_id == MessageRow.id)
            .where(MessageRow.recipient_id == self._recipient_id, DeliveryRow.channel == Channel.IN_APP)
        )

    async def _one(self, statement: Select[MessageRow, DeliveryRow]) -> InboxItem:
        row = (await self._uow.session.execute(statement)).first()
        if row is None:
            raise problems.NotFound("There is no such message in your inbox.")
        return InboxItem(*row)
