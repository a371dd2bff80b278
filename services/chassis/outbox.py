"""The outbox's other side: rows are claimed by lease, in the order of each aggregate, and settled fenced.

The claim is the system login's work, on columns that say nothing about a tenant's business; what a row says
is then read in the tenant's own unit of work. Of one aggregate only the rows from its oldest unpublished one
on are claimed, all by the same lease: no other relay may pass them.

Times of leases are the database's, so that the clocks of replicas do not matter.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Update, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.actor import Actor
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.tables import outbox
from services.schemas.envelope import CommandEnvelope, CommandHeader, Envelope

_MOST_DOUBLINGS = 6  # a failing row is tried again after 2, 4, … and at last every 64 seconds
_LONGEST_ERROR = 1000

# An aggregate's oldest unpublished row, free to be taken.
_CLAIM_HEADS = text(
    """
    WITH free AS (
        SELECT id FROM outbox AS candidate
        WHERE published_at IS NULL AND (lease_until IS NULL OR lease_until < now())
          AND NOT EXISTS (
            SELECT 1 FROM outbox AS earlier
            WHERE earlier.tenant_id = candidate.tenant_id AND earlier.subject = candidate.subject
              AND earlier.sequence < candidate.sequence AND earlier.published_at IS NULL)
        ORDER BY id LIMIT :size FOR UPDATE SKIP LOCKED)
    UPDATE outbox SET lease_owner = :lease, lease_until = now() + :duration, attempts = attempts + 1
    FROM free WHERE outbox.id = free.id
    RETURNING outbox.id, outbox.tenant_id
    """
)

# The rows behind the claimed heads: whoever holds the head may take them, nobody else can.
_CLAIM_FOLLOWERS = text(
    """
    WITH followers AS (
        SELECT candidate.id FROM outbox AS candidate
        JOIN outbox AS head ON head.tenant_id = candidate.tenant_id AND head.subject = candidate.subject
        WHERE head.lease_owner = :lease AND head.published_at IS NULL
          AND candidate.published_at IS NULL AND candidate.sequence > head.sequence
        ORDER BY candidate.sequence LIMIT :size FOR UPDATE OF candidate)
    UPDATE outbox SET lease_owner = :lease, lease_until = now() + :duration, attempts = attempts + 1
    FROM followers WHERE outbox.id = followers.id
    RETURNING outbox.id, outbox.tenant_id
    """
)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A claimed row."""

    id: UUID
    tenant: UUID
    type: str
    subject: str
    sequence: int
    actor: str
    payload: dict[str, Any]
    traceparent: str | None
    occurred_at: datetime
    header: CommandHeader | None = None

    def envelope(self, source: str) -> Envelope:
        """The message as it goes over the bus."""
        event = Envelope(
            id=self.id,
            type=self.type,
            source=source,
            subject=self.subject,
            time=self.occurred_at,
            tenant=self.tenant,
            actor=self.actor,
            sequence=self.sequence,
            traceparent=self.traceparent,
            data=self.payload,
        )
        if self.header is None:
            return event
        return CommandEnvelope(**dict(event), **dict(self.header))


@dataclass(frozen=True, slots=True)
class Claim:
    """The right, for the time of a lease, to publish some aggregates' rows; each stream is in sequence."""

    lease: UUID
    streams: tuple[tuple[OutboxRow, ...], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one stream: some rows confirmed, then perhaps one failed, the rest not tried."""

    confirmed: tuple[UUID, ...] = ()
    failed: UUID | None = None
    error: str = ""
    untried: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many rows wait to be published, and how long the oldest has waited."""

    rows: int
    age: timedelta


class Outbox:
    """One service's outbox, as its relay sees it; `source` is the service's name in the envelopes."""

    def __init__(self, database: Database, *, source: str, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.source = source

    async def claim(self, *, size: int, duration: timedelta) -> Claim | None:
        """Takes up to `size` aggregates, and up to `size` more of their rows; None if nothing is free."""
        lease = new_id()
        try:
            taken = await self._take({"lease": lease, "size": size, "duration": duration})
            return Claim(lease, _streams(await self._read(taken))) if taken else None
        except BaseException:
            await self.release(lease)
            raise

    async def _take(self, bound: dict[str, object]) -> list[Row[Any]]:
        async with self._database.system() as connection:
            heads = (await connection.execute(_CLAIM_HEADS, bound)).all()
            if not heads:
                return []
            return [*heads, *(await connection.execute(_CLAIM_FOLLOWERS, bound)).all()]

    async def _read(self, taken: Sequence[Row[Any]]) -> list[OutboxRow]:
        by_tenant: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for row in taken:
            by_tenant[row.tenant_id].append(row.id)
        found: list[OutboxRow] = []
        for tenant, ids in by_tenant.items():
            async with self._database.unit_of_work(Actor(tenant, self.source)) as uow:
                rows = await uow.session.execute(select(outbox).where(outbox.c.id.in_(ids)))
                found += [_claimed(row) for row in rows]
        return found

    async def settle(self, lease: UUID, outcome: Outcome) -> None:
        """Notes what became of a claimed stream; rows that the lease has lost meanwhile stay untouched."""
        async with self._database.system() as connection:
            await _acknowledge(connection, lease, outcome.confirmed)
            await _hand_back(connection, lease, outcome.untried)
            if outcome.failed is not None:
                await _pause(connection, lease, outcome.failed, outcome.error)

    async def release(self, lease: UUID) -> None:
        """Hands every row that a lease still holds back to whoever comes next."""
        async with self._database.system() as connection:
            await connection.execute(_handed_back(lease))

    async def renew(self, lease: UUID, duration: timedelta) -> None:
        """Prolongs a lease from now on, on the rows that it still holds."""
        held = update(outbox).where(outbox.c.lease_owner == lease)
        async with self._database.system() as connection:
            await connection.execute(held.values(lease_until=func.now() + duration))

    async def backlog(self) -> Backlog:
        """What waits, over all tenants."""
        waiting = select(func.count(), func.min(outbox.c.occurred_at)).where(outbox.c.published_at.is_(None))
        async with self._database.system() as connection:
            count, oldest = (await connection.execute(waiting)).one()
        age = self._clock.now() - oldest if oldest is not None else timedelta(0)
        return Backlog(count, max(age, timedelta(0)))


def _claimed(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        tenant=row.tenant_id,
        type=row.type,
        subject=row.subject,
        sequence=row.sequence,
        actor=row.actor,
        payload=row.payload,
        traceparent=row.traceparent,
        occurred_at=row.occurred_at,
        header=None if row.header is None else CommandHeader.model_validate(row.header),
    )


def _streams(rows: list[OutboxRow]) -> tuple[tuple[OutboxRow, ...], ...]:
    streams: defaultdict[tuple[UUID, str], list[OutboxRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.sequence):
        streams[row.tenant, row.subject].append(row)
    return tuple(tuple(stream) for stream in streams.values())


async def _acknowledge(connection: AsyncConnection, lease: UUID, ids: tuple[UUID, ...]) -> None:
    if ids:
        await connection.execute(
            update(outbox)
            .where(outbox.c.lease_owner == lease, outbox.c.id.in_(ids))
            .values(published_at=func.now(), lease_owner=None, lease_until=None, last_error=None)
        )


async def _hand_back(connection: AsyncConnection, lease: UUID, ids: tuple[UUID, ...]) -> None:
    if ids:
        await connection.execute(_handed_back(lease).where(outbox.c.id.in_(ids)))


def _handed_back(lease: UUID) -> Update:
    return (
        update(outbox)
        .where(outbox.c.lease_owner == lease)
        .values(lease_owner=None, lease_until=None, attempts=outbox.c.attempts - 1)
    )


async def _pause(connection: AsyncConnection, lease: UUID, row: UUID, error: str) -> None:
    pause = func.make_interval(
        0, 0, 0, 0, 0, 0, func.power(2, func.least(outbox.c.attempts, _MOST_DOUBLINGS))
    )
    await connection.execute(
        update(outbox)
        .where(outbox.c.lease_owner == lease, outbox.c.id == row)
        .values(lease_owner=None, lease_until=func.now() + pause, last_error=error[:_LONGEST_ERROR])
    )
