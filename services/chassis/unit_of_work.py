"""The unit of work: one tenant's transaction; state and the events about it are committed together."""

import asyncio
from types import TracebackType
from typing import Self

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis import tables
from services.chassis.actor import Actor
from services.chassis.business import BusinessCounter, Tally
from services.chassis.clock import Clock
from services.chassis.ids import new_id
from services.chassis.telemetry.traces import current_traceparent
from services.schemas.events import EventPayload


class UnitOfWork:
    """A session under row level security for one actor, with the outbox beside it.

    Leaving the context without `commit` rolls back. A committed unit of work is finished.
    """

    def __init__(self, session: AsyncSession, actor: Actor, clock: Clock, tally: Tally) -> None:
        self.session = session
        self.actor = actor
        self.clock = clock
        self.has_events = False
        self._tally = tally
        self._counted: list[tuple[BusinessCounter, dict[str, str]]] = []

    async def emit(self, payload: EventPayload, *, subject: object) -> None:
        """Puts an event about the aggregate `subject` into the outbox, in this transaction.

        Its sequence is taken under the aggregate's row lock, so that one aggregate's events are dense and in
        order of commit.
        """
        sequence = await self._next_sequence(str(subject))
        await self.session.execute(
            insert(tables.outbox).values(
                id=new_id(),
                tenant_id=self.actor.tenant,
                type=payload.event_type,
                subject=str(subject),
                sequence=sequence,
                actor=self.actor.sub,
                payload=payload.model_dump(mode="json"),
                traceparent=current_traceparent(),
                occurred_at=self.clock.now(),
            )
        )
        self.has_events = True

    async def _next_sequence(self, subject: str) -> int:
        counter = tables.aggregate_sequences
        statement = (
            insert(counter)
            .values(tenant_id=self.actor.tenant, subject=subject, last=1)
            .on_conflict_do_update(
                index_elements=[counter.c.tenant_id, counter.c.subject], set_={"last": counter.c.last + 1}
            )
            .returning(counter.c.last)
        )
        result = await self.session.execute(statement)
        return int(result.scalar_one())

    def count(self, counter: BusinessCounter, **labels: str) -> None:
        """Counts something of the business, if this is committed."""
        self._counted.append((counter, labels))

    async def commit(self) -> None:
        await self.session.commit()
        while self._counted:
            self._tally(*self._counted.pop())

    async def rollback(self) -> None:
        self._counted.clear()
        await self.session.rollback()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        # Shielded: a second cancellation must not keep the connection from its pool.
        await asyncio.shield(asyncio.create_task(self.session.close()))
