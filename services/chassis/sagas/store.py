"""The rows of sagas and their log: the only SQL about them but the runner's claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from services.chassis.paging import PageRequest
from services.chassis.sagas.state import SagaState, SagaStatus
from services.chassis.tables import saga_log, sagas
from services.chassis.unit_of_work import UnitOfWork

_LONGEST_REASON = 4000


class LogEntry(StrEnum):
    """What the log says of a saga."""

    STARTED = "started"
    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    RETRY_ORDERED = "retry_ordered"
    COMPENSATION_ORDERED = "compensation_ordered"
    STUCK = "stuck"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SagaRow:
    """A saga as it is kept; `actor` is who started it."""

    id: UUID
    name: str
    subject: str
    actor: str
    data: dict[str, Any]
    state: SagaState
    due_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    lease_owner: UUID | None


@dataclass(frozen=True, slots=True)
class LogRow:
    """One entry of a saga's log: `actor` is whose order or reply it was."""

    number: int
    at: datetime
    actor: str
    entry: LogEntry
    step: str | None
    compensation: bool
    attempt: int | None
    reason: str | None


class SagaStore:
    """The sagas of the unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, state: SagaState, *, name: str, subject: str, data: dict[str, Any]) -> None:
        """Keeps a new saga of the unit of work's actor."""
        await self._uow.session.execute(
            insert(sagas).values(
                tenant_id=self._uow.actor.tenant,
                id=state.saga_id,
                name=name,
                subject=subject,
                actor=self._uow.actor.sub,
                data=data,
                started_at=self._uow.clock.now(),
                **_columns(state),
            )
        )

    async def find(self, saga_id: UUID) -> SagaRow | None:
        row = (await self._uow.session.execute(select(sagas).where(sagas.c.id == saga_id))).first()
        return None if row is None else _saga(row)

    async def lock(self, saga_id: UUID) -> SagaRow | None:
        """The saga, nobody else's until the end of the transaction."""
        locked = select(sagas).where(sagas.c.id == saga_id).with_for_update()
        row = (await self._uow.session.execute(locked)).first()
        return None if row is None else _saga(row)

    async def move(self, state: SagaState, *, due_in: timedelta | None) -> None:
        """Keeps a locked saga's new state; whoever had a lease on it has it no more."""
        await self._uow.session.execute(
            update(sagas)
            .where(sagas.c.id == state.saga_id)
            .values(
                due_at=None if due_in is None else func.now() + due_in,
                lease_owner=None,
                lease_until=None,
                ended_at=self._uow.clock.now() if state.status.is_end else None,
                **_columns(state),
            )
        )

    async def log(
        self,
        saga_id: UUID,
        entry: LogEntry,
        *,
        actor: str,
        state: SagaState | None = None,
        step: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Appends to the log of a locked saga; a state adds whose command it is about, and which attempt."""
        last = select(func.coalesce(func.max(saga_log.c.number), 0)).where(saga_log.c.saga_id == saga_id)
        await self._uow.session.execute(
            insert(saga_log).values(
                tenant_id=self._uow.actor.tenant,
                saga_id=saga_id,
                number=last.scalar_subquery() + 1,
                at=self._uow.clock.now(),
                actor=actor,
                entry=entry.value,
                step=step,
                compensation=state is not None and state.undoing,
                attempt=None if state is None else state.attempt,
                command_id=None if state is None else state.command_id,
                reason=None if reason is None else reason[:_LONGEST_REASON],
            )
        )

    async def log_of(self, saga_id: UUID) -> list[LogRow]:
        """Everything that happened, oldest first."""
        entries = select(saga_log).where(saga_log.c.saga_id == saga_id).order_by(saga_log.c.number)
        return [_entry(row) for row in await self._uow.session.execute(entries)]

    async def page(
        self, page: PageRequest, *, name: str | None, status: SagaStatus | None, subject: str | None
    ) -> Sequence[SagaRow]:
        """A page's sagas and one more."""
        found = select(sagas)
        for column, wanted in ((sagas.c.name, name), (sagas.c.status, status), (sagas.c.subject, subject)):
            if wanted is not None:
                found = found.where(column == wanted)
        return [_saga(row) for row in await self._uow.session.execute(page.select(found, sagas.c.id))]


def _columns(state: SagaState) -> dict[str, object]:
    return {
        "status": state.status.value,
        "position": state.position,
        "undoing": state.undoing,
        "round": state.round,
        "attempt": state.attempt,
        "reason": state.reason,
    }


def _saga(row: Row[Any]) -> SagaRow:
    return SagaRow(
        id=row.id,
        name=row.name,
        subject=row.subject,
        actor=row.actor,
        data=row.data,
        state=SagaState(
            saga_id=row.id,
            status=SagaStatus(row.status),
            position=row.position,
            undoing=row.undoing,
            round=row.round,
            attempt=row.attempt,
            reason=row.reason,
        ),
        due_at=row.due_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        lease_owner=row.lease_owner,
    )


def _entry(row: Row[Any]) -> LogRow:
    return LogRow(
        number=row.number,
        at=row.at,
        actor=row.actor,
        entry=LogEntry(row.entry),
        step=row.step,
        compensation=row.compensation,
        attempt=row.attempt,
        reason=row.reason,
    )
