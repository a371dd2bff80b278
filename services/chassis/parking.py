"""Parked messages: a broker's back-off and dead-letter queues, in the consumer's own tables."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.tables import parked_messages as parked
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.envelope import Envelope, envelope_from

_LONGEST_ERROR = 1000

_CLAIM_DUE = text(
    """
    WITH due AS (
        SELECT tenant_id, message_id FROM parked_messages
        WHERE dead_since IS NULL AND not_before <= now()
        ORDER BY not_before LIMIT :size FOR UPDATE SKIP LOCKED)
    UPDATE parked_messages AS row SET not_before = now() + :lease, attempts = attempts + 1
    FROM due WHERE row.tenant_id = due.tenant_id AND row.message_id = due.message_id
    RETURNING row.tenant_id, row.message_id, row.attempts
    """
)


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message that is due, claimed for a while; `attempts` counts the one that is made now."""

    tenant: UUID
    message_id: UUID
    attempts: int


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message that nobody tries any more."""

    envelope: Envelope
    attempts: int
    dead_since: datetime
    error: str


class Parking:
    """The parked messages of one consumer."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer

    async def park(self, envelope: Envelope, pause: timedelta | None, error: str) -> None:
        """Keeps a message whose first attempt failed until its pause is over; None: for ever, it is dead."""
        row = insert(parked).values(
            tenant_id=envelope.tenant,
            message_id=envelope.id,
            envelope=envelope.model_dump(mode="json"),
            attempts=1,
            not_before=func.now() + (pause or timedelta(0)),
            dead_since=func.now() if pause is None else None,
            last_error=error[:_LONGEST_ERROR],
        )
        await self._execute(envelope.tenant, row.on_conflict_do_nothing())

    async def claim_due(self, *, size: int, lease: timedelta) -> list[ParkedMessage]:
        """Takes up to `size` due messages of all tenants; nobody else gets them until the lease runs out."""
        async with self._database.system() as connection:
            rows = await connection.execute(_CLAIM_DUE, {"size": size, "lease": lease})
            return [ParkedMessage(row.tenant_id, row.message_id, row.attempts) for row in rows]

    async def envelope_of(self, message: ParkedMessage) -> Envelope | None:
        """The message itself; None if somebody else was done with it meanwhile."""
        async with self._unit_of_work(message.tenant) as uow:
            found = await uow.session.scalar(select(parked.c.envelope).where(_is(message.message_id)))
        return None if found is None else envelope_from(found)

    async def done(self, message: ParkedMessage) -> None:
        """Forgets a message that was handled."""
        await self._execute(message.tenant, delete(parked).where(_is(message.message_id)))

    async def failed(self, message: ParkedMessage, pause: timedelta | None, error: str) -> None:
        """Notes a failed attempt; the next follows after the pause, or never."""
        changed: dict[str, object] = {"last_error": error[:_LONGEST_ERROR]}
        changed |= {"dead_since": func.now()} if pause is None else {"not_before": func.now() + pause}
        await self._execute(message.tenant, update(parked).where(_is(message.message_id)).values(changed))

    async def dead(self, *, limit: int) -> list[DeadMessage]:
        """The dead messages of all tenants, oldest first."""
        oldest = (
            select(parked.c.tenant_id, parked.c.message_id)
            .where(parked.c.dead_since.is_not(None))
            .order_by(parked.c.dead_since)
            .limit(limit)
        )
        async with self._database.system() as connection:
            keys = (await connection.execute(oldest)).all()
        found = []
        for key in keys:
            async with self._unit_of_work(key.tenant_id) as uow:
                row = (await uow.session.execute(select(parked).where(_is(key.message_id)))).first()
            if row is not None:
                envelope = envelope_from(row.envelope)
                found.append(DeadMessage(envelope, row.attempts, row.dead_since, row.last_error))
        return found

    async def revive(self, tenant: UUID, message_id: UUID) -> bool:
        """Makes a dead message due again, with all its attempts; whether it was there."""
        alive = (
            update(parked)
            .where(_is(message_id), parked.c.dead_since.is_not(None))
            .values(dead_since=None, attempts=0, not_before=func.now())
            .returning(parked.c.message_id)
        )
        async with self._unit_of_work(tenant) as uow:
            revived = (await uow.session.execute(alive)).first()
            await uow.commit()
        return revived is not None

    def _unit_of_work(self, tenant: UUID) -> UnitOfWork:
        return self._database.unit_of_work(Actor(tenant, self._consumer))

    async def _execute(self, tenant: UUID, statement: Executable) -> None:
        async with self._unit_of_work(tenant) as uow:
            await uow.session.execute(statement)
            await uow.commit()


def _is(message_id: UUID) -> ColumnElement[bool]:
    return parked.c.message_id == message_id
