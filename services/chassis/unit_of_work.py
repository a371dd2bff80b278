"""The unit of work: one tenant's transaction; state and the events about it are committed together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from services.schemas.base import Document
from services.schemas.envelope import CommandHeader
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
        self._counted: list[tuple[BusinessCounter, dict[str, str], float]] = []

    async def emit(self, payload: EventPayload, *, subject: object) -> None:
        """Puts an event about the aggregate `subject` into the outbox, in this transaction.

        Its sequence is taken under the aggregate's row lock, so that one aggregate's events are dense and in
        order of commit.
        """
        await self._put(payload.event_type, payload, str(subject))

    async def send(self, kind: str, payload: Document, header: CommandHeader, *, actor: str) -> None:
        """Puts a command or a reply of a saga into the outbox, in this transaction.

        `kind` is its type on the wire, `actor` whoever the saga works for. Its subject is the saga, so that
        one saga's messages leave in order.
        """
        await self._put(kind, payload, str(header.saga_id), header=header, actor=actor)

    async def _put(
        self,
        kind: str,
        payload: Document,
        subject: str,
        *,
        header: CommandHeader | None = None,
        actor: str | None = None,
    ) -> None:
        sequence = await self._next_sequence(subject)
        await self.session.execute(
            insert(tables.outbox).values(
                id=new_id(),
                tenant_id=self.actor.tenant,
                type=kind,
                subject=subject,
                sequence=sequence,
                actor=actor or self.actor.sub,
                payload=payload.model_dump(mode="json"),
                traceparent=current_traceparent(),
                occurred_at=self.clock.now(),
                header=None if header is None else header.model_dump(mode="json"),
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

    def count(self, counter: BusinessCounter, *, by: float = 1.0, **labels: str) -> None:
        """Counts something of the business, if this is committed; an amount of money counts `by` itself."""
        self._counted.append((counter, labels, by))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is done in the block is undone alone if the block raises; the rest can still be committed."""
        counted = len(self._counted)
        try:
            async with self.session.begin_nested():
                yield
        except BaseException:
            del self._counted[counted:]
            raise

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
