"""Deliveries: what became of each message on each channel, and of each event at each endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.handlers import Event
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.notification.domain.delivery import (
    FIRST_STATE,
    OUTSTANDING,
    Channel,
    DeliveryState,
    Step,
    after,
)
from services.notification.store.base import Base
from services.notification.store.messages import MessageRow
from services.notification.store.recipients import RecipientRow
from services.schemas.events import EventPayload


def now_and(pause: timedelta) -> Any:
    """The database's own time after a pause: claims compare with its clock."""
    return func.now() + pause


class DeliveryRow(Base):
    """An event on one channel: to a person by way of their message, or to an endpoint with its `body`."""

    __tablename__ = "deliveries"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    subject: Mapped[str]
    message_id: Mapped[UUID | None]
    endpoint_id: Mapped[UUID | None]
    channel: Mapped[str]
    state: Mapped[str]
    body: Mapped[str | None] = mapped_column(deferred=True)
    attempts: Mapped[int]
    due_at: Mapped[datetime | None]
    lease_owner: Mapped[UUID | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]

    def step(self, step: Step) -> DeliveryState:
        """Moves on by a step, and tells where to.

        Raises:
            ImpossibleStep: the state has no such step.
        """
        state = after(Channel(self.channel), DeliveryState(self.state), step)
        self.state = state
        return state


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery, and the `sub` of the person it is for; None where it is for an endpoint."""

    row: DeliveryRow
    recipient: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are looked for; None asks for all."""

    event_id: UUID | None = None
    recipient: str | None = None
    endpoint_id: UUID | None = None
    subject: str | None = None
    channel: Channel | None = None
    state: DeliveryState | None = None


class Deliveries:
    """The deliveries of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def begin(self, event: Event[EventPayload], message_id: UUID, channel: Channel) -> None:
        """Puts a person's new message on a channel."""
        await self._put(event, channel, {"message_id": message_id})

    async def begin_call(self, event: Event[EventPayload], endpoint_id: UUID, body: str) -> None:
        """Puts an event before an endpoint, unless it stands there already."""
        await self._put(event, Channel.WEBHOOK, {"endpoint_id": endpoint_id, "body": body})

    async def page(self, page: PageRequest, wanted: Wanted) -> Sequence[Delivered]:
        """One page of those that are looked for."""
        rows = await self._uow.session.execute(page.select(_narrowed(_found(), wanted), DeliveryRow.id))
        return [Delivered(*row) for row in rows]

    async def get(self, delivery_id: UUID) -> Delivered:
        """Raises:
        NotFound: there is no such delivery.
        """
        row = (await self._uow.session.execute(_found().where(DeliveryRow.id == delivery_id))).first()
        if row is None:
            raise problems.NotFound("There is no such delivery.")
        return Delivered(*row)

    async def replay(self, delivery_id: UUID) -> Delivered:
        """Has a delivery sent once more, with all its attempts.

        Raises:
            NotFound: there is no such delivery.
            ImpossibleStep: it is being sent, or its channel sends nothing.
        """
        found = await self.get(delivery_id)
        await self._uow.session.refresh(found.row, with_for_update=True)
        found.row.step(Step.REPLAY)
        found.row.attempts = 0
        found.row.reason = None
        found.row.due_at = now_and(timedelta())
        await self._uow.session.flush()
        await self._uow.session.refresh(found.row, ["due_at"])
        return found

    async def _put(self, event: Event[EventPayload], channel: Channel, to: Mapping[str, Any]) -> None:
        state = FIRST_STATE[channel]
        now = self._uow.clock.now()
        statement = insert(DeliveryRow).values(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            event_id=event.id,
            event_type=event.type,
            subject=event.subject,
            channel=channel,
            state=state,
            attempts=0,
            due_at=now_and(timedelta()) if state in OUTSTANDING else None,
            created_at=now,
            delivered_at=now if state is DeliveryState.DELIVERED else None,
            **to,
        )
        await self._uow.session.execute(statement.on_conflict_do_nothing())


def _found() -> Select[DeliveryRow, str]:
    return (
        select(DeliveryRow, RecipientRow.sub)
        .outerjoin(MessageRow, MessageRow.id == DeliveryRow.message_id)
        .outerjoin(RecipientRow, RecipientRow.id == MessageRow.recipient_id)
    )


def _narrowed(statement: Select[DeliveryRow, str], wanted: Wanted) -> Select[DeliveryRow, str]:
    columns = {
        DeliveryRow.event_id: wanted.event_id,
        RecipientRow.sub: wanted.recipient,
        DeliveryRow.endpoint_id: wanted.endpoint_id,
        DeliveryRow.subject: wanted.subject,
        DeliveryRow.channel: wanted.channel,
        DeliveryRow.state: wanted.state,
    }
    for column, value in columns.items():
        if value is not None:
            statement = statement.where(column == value)
    return statement
