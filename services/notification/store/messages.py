"""In-app messages: one for each event and recipient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.notification.domain.templates import Words
from services.notification.store.base import Base


class MessageRow(Base):
    """A message in somebody's in-app inbox."""

    __tablename__ = "messages"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient: Mapped[str]
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    subject: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class About:
    """The event that a message is about."""

    id: UUID
    type: str
    subject: str


class Messages:
    """The messages of a tenant, in one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def deliver(self, recipient: str, about: About, words: Words) -> bool:
        """Puts a message into an inbox, once for each event and recipient; whether it is new."""
        statement = insert(MessageRow).values(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            recipient=recipient,
            event_id=about.id,
            event_type=about.type,
            subject=about.subject,
            title=words.title,
            body=words.body,
            link=words.link,
            created_at=self._uow.clock.now(),
        )
        made = await self._uow.session.execute(statement.on_conflict_do_nothing().returning(MessageRow.id))
        return made.first() is not None

    async def inbox(self, recipient: str, page: PageRequest, *, unread: bool | None) -> Sequence[MessageRow]:
        statement = select(MessageRow).where(MessageRow.recipient == recipient)
        if unread is not None:
            is_unread = MessageRow.read_at.is_(None)
            statement = statement.where(is_unread if unread else ~is_unread)
        return (await self._uow.session.scalars(page.select(statement, MessageRow.id))).all()

    async def unread_count(self, recipient: str) -> int:
        statement = select(func.count()).where(
            MessageRow.recipient == recipient, MessageRow.read_at.is_(None)
        )
        return int(await self._uow.session.scalar(statement) or 0)

    async def mine(self, recipient: str, message_id: UUID) -> MessageRow:
        """Raises:
        NotFound: this person has no such message.
        """
        row = await self._uow.session.scalar(
            select(MessageRow).where(MessageRow.id == message_id, MessageRow.recipient == recipient)
        )
        if row is None:
            raise problems.NotFound("There is no such message in your inbox.")
        return row

    async def mark_read(self, recipient: str, message_id: UUID) -> MessageRow:
        """Notes the first reading; a second one changes nothing."""
        await self._uow.session.execute(
            update(MessageRow)
            .where(
                MessageRow.id == message_id, MessageRow.recipient == recipient, MessageRow.read_at.is_(None)
            )
            .values(read_at=self._uow.clock.now())
        )
        return await self.mine(recipient, message_id)

    async def all(
        self, page: PageRequest, *, event_id: UUID | None, recipient: str | None
    ) -> Sequence[MessageRow]:
        """Everybody's messages: for operators."""
        statement = select(MessageRow)
        if event_id is not None:
            statement = statement.where(MessageRow.event_id == event_id)
        if recipient is not None:
            statement = statement.where(MessageRow.recipient == recipient)
        return (await self._uow.session.scalars(page.select(statement, MessageRow.id))).all()
