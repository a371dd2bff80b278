"""Carrying out what `decide` says: state, log and the next command, in the transaction of what happened."""

from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog
from pydantic_core import to_json

from services.chassis.business import BusinessCounter
from services.chassis.ids import new_id
from services.chassis.sagas.decisions import (
    Answered,
    Ask,
    CompensationOrdered,
    Complete,
    Decision,
    Fail,
    Happening,
    Pause,
    RetryOrdered,
    Stop,
    TimedOut,
    begin,
    decide,
)
from services.chassis.sagas.definition import Saga
from services.chassis.sagas.state import SagaState
from services.chassis.sagas.store import LogEntry, SagaRow, SagaStore
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.base import Document
from services.schemas.envelope import CommandHeader

log = structlog.get_logger(__name__)

D = TypeVar("D", bound=Document)

SAGAS_ENDED = BusinessCounter(
    "sagas_ended_total", "Sagas by how they ended: done, failed.", ("saga", "outcome")
)


class Sagas:
    """Starts sagas in a unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def start(self, saga: Saga[D], data: D, subject: object) -> UUID:
        """Begins a saga about `subject` in this transaction, its first command in the outbox; its id."""
        saga_id = new_id()
        decision = begin(saga, saga_id)
        store = SagaStore(self._uow)
        await store.add(
            decision.state, name=saga.name, subject=str(subject), data=data.model_dump(mode="json")
        )
        actor = self._uow.actor.sub
        await store.log(saga_id, LogEntry.STARTED, actor=actor)
        await _Performance(self._uow, saga, data, actor).perform(decision)
        return saga_id


async def advance(uow: UnitOfWork, saga: Saga[Any], row: SagaRow, happening: Happening) -> SagaState:
    """Lets something happen to a saga that this transaction has locked; where it stands then.

    Raises:
        NotPossible: it is an order that makes no sense in this state.
    """
    decision = decide(saga, row.state, happening)
    if decision.action is None:
        return decision.state
    await _note(uow, saga, row.state, happening)
    # By way of JSON, as strict mode wants it.
    data = saga.data.model_validate_json(to_json(row.data))
    await _Performance(uow, saga, data, row.actor).perform(decision)
    return decision.state


async def _note(uow: UnitOfWork, saga: Saga[Any], state: SagaState, happening: Happening) -> None:
    entry, reason = _entry_of(happening)
    step = saga.steps[state.position].name
    await SagaStore(uow).log(state.saga_id, entry, actor=uow.actor.sub, state=state, step=step, reason=reason)


def _entry_of(happening: Happening) -> tuple[LogEntry, str | None]:
    match happening:
        case Answered(_, None):
            return LogEntry.DONE, None
        case Answered(_, refusal):
            return LogEntry.REFUSED, refusal
        case TimedOut():
            return LogEntry.TIMED_OUT, None
        case RetryOrdered():
            return LogEntry.RETRY_ORDERED, None
        case CompensationOrdered(reason):
            return LogEntry.COMPENSATION_ORDERED, reason


class _Performance:
    """One saga's actions in one transaction; `actor` is who started it."""

    def __init__(self, uow: UnitOfWork, saga: Saga[Any], data: Any, actor: str) -> None:
        self._uow = uow
        self._saga = saga
        self._data = data
        self._actor = actor
        self._store = SagaStore(uow)

    async def perform(self, decision: Decision) -> None:
        state = decision.state
        match decision.action:
            case Ask(patience):
                await self._store.move(state, due_in=patience)
                await self._ask(state, patience)
            case Pause(length):
                await self._store.move(state, due_in=length)
            case Stop():
                await self._store.move(state, due_in=None)
                await self._stick(state)
            case Complete():
                await self._store.move(state, due_in=None)
                await self._end(state, LogEntry.COMPLETED)
                await self._saga.on_done(self._uow, self._data)
            case Fail(reason):
                await self._store.move(state, due_in=None)
                await self._end(state, LogEntry.FAILED, reason)
                await self._saga.on_failed(self._uow, self._data, reason)

    async def _ask(self, state: SagaState, patience: timedelta) -> None:
        payload = self._saga.command_of(state.position, self._data, compensation=state.undoing)
        step = self._saga.steps[state.position].name
        header = CommandHeader(
            to=payload.participant,
            saga_id=state.saga_id,
            step=step,
            command_id=state.command_id,
            attempt=state.attempt,
            compensation=state.undoing,
            reply_to=self._saga.owner,
            deadline=self._uow.clock.now() + patience,
        )
        await self._uow.send(payload.command_type, payload, header, actor=self._actor)
        await self._store.log(state.saga_id, LogEntry.ASKED, actor=self._actor, state=state, step=step)

    async def _stick(self, state: SagaState) -> None:
        step = self._saga.steps[state.position].name
        await self._store.log(
            state.saga_id, LogEntry.STUCK, actor=self._uow.actor.sub, state=state, step=step
        )
        log.error("saga_stuck", saga=self._saga.name, saga_id=str(state.saga_id), step=step)

    async def _end(self, state: SagaState, entry: LogEntry, reason: str | None = None) -> None:
        await self._store.log(state.saga_id, entry, actor=self._uow.actor.sub, reason=reason)
        self._uow.count(SAGAS_ENDED, saga=self._saga.name, outcome=state.status.value)
