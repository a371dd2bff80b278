"""A saga as an operator sees it: each step and its compensation, read from the log, and the log itself."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic_core import to_json

from services.chassis.sagas.definition import Saga, Step
from services.chassis.sagas.store import LogEntry, LogRow, SagaRow
from services.schemas.base import Document, Id, Timestamp
from services.schemas.commands import CommandPayload

_ANSWERS = {LogEntry.DONE: "done", LogEntry.REFUSED: "refused"}


class SagaSummary(Document):
    """A saga; `step` is where it stands, `reason` why it was undone."""

    id: Id
    name: str
    subject: str
    status: Literal["running", "compensating", "stuck", "done", "failed"]
    step: str
    reason: str | None
    started_by: str
    started_at: Timestamp
    due_at: Timestamp | None
    """When the awaited reply is asked for again."""
    ended_at: Timestamp | None


class CommandView(Document):
    """What was asked of a participant, and how it answered; `attempts` counts the sendings."""

    command: str
    participant: str
    status: Literal["waiting", "asked", "done", "refused"]
    attempts: int
    asked_at: Timestamp | None
    answered_at: Timestamp | None
    reason: str | None


class StepView(Document):
    """One step; where there is nothing to undo, `compensation` is null."""

    name: str
    is_pivot: bool
    action: CommandView
    compensation: CommandView | None


class SagaLogEntry(Document):
    """One thing that happened; `actor` is whose order or answer it was."""

    number: int
    at: Timestamp
    actor: str
    entry: LogEntry
    step: str | None
    compensation: bool
    attempt: int | None
    reason: str | None


class SagaView(SagaSummary):
    """A saga with all its steps and its whole log."""

    steps: tuple[StepView, ...]
    log: tuple[SagaLogEntry, ...]


def summary(saga: Saga[Any], row: SagaRow) -> SagaSummary:
    """A saga in a list."""
    return SagaSummary(**_summarised(saga, row))


def view(saga: Saga[Any], row: SagaRow, log: Sequence[LogRow]) -> SagaView:
    """A saga with all that happened."""
    data = saga.data.model_validate_json(to_json(row.data))
    return SagaView(
        **_summarised(saga, row),
        steps=tuple(_step(each, data, log) for each in saga.steps),
        log=tuple(_entry(each) for each in log),
    )


def _summarised(saga: Saga[Any], row: SagaRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "subject": row.subject,
        "status": row.state.status.value,
        "step": saga.steps[row.state.position].name,
        "reason": row.state.reason,
        "started_by": row.actor,
        "started_at": row.started_at,
        "due_at": row.due_at,
        "ended_at": row.ended_at,
    }


def _step(step: Step[Any], data: Any, log: Sequence[LogRow]) -> StepView:
    own = [each for each in log if each.step == step.name]
    undo = step.compensation
    return StepView(
        name=step.name,
        is_pivot=step.is_pivot,
        action=_command(step.command(data), [each for each in own if not each.compensation]),
        compensation=None if undo is None else _command(undo(data), [e for e in own if e.compensation]),
    )


def _command(payload: CommandPayload, log: Sequence[LogRow]) -> CommandView:
    asked = [each for each in log if each.entry is LogEntry.ASKED]
    answered = [each for each in log if each.entry in _ANSWERS]
    last = answered[-1] if answered and answered[-1].number > asked[-1].number else None
    return CommandView.model_validate(
        {
            "command": payload.command_type,
            "participant": payload.participant,
            "status": _ANSWERS[last.entry] if last else "asked" if asked else "waiting",
            "attempts": len(asked),
            "asked_at": asked[0].at if asked else None,
            "answered_at": last.at if last else None,
            "reason": last.reason if last else None,
        }
    )


def _entry(row: LogRow) -> SagaLogEntry:
    return SagaLogEntry(
        number=row.number,
        at=row.at,
        actor=row.actor,
        entry=row.entry,
        step=row.step,
        compensation=row.compensation,
        attempt=row.attempt,
        reason=row.reason,
    )
