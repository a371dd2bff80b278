"""The rules of all sagas, pure: what happened goes in, the next state and what follows come out.

    do 0 -> do 1 -> … -> pivot -> … -> done
      | refused, or no answer after all attempts
      v
    undo, in reverse, each step that was done or may have been -> failed

From the pivot's doing on there is no way back: a refusal is answered by another command after a pause, and
whoever has been asked too often leaves the saga stuck. So does a compensation that does not come to pass, and
a pivot that does not answer: nobody knows on which side of it the saga stands.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.chassis.sagas.definition import Saga, Step
from services.chassis.sagas.state import SagaState, SagaStatus


@dataclass(frozen=True, slots=True)
class Answered:
    """A participant's reply came; `refusal` is None if it has done what it was told."""

    command_id: UUID
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The time to wait, for a reply or after a refusal, is over."""


@dataclass(frozen=True, slots=True)
class RetryOrdered:
    """An operator wants the current command given again, with all its attempts."""


@dataclass(frozen=True, slots=True)
class CompensationOrdered:
    """An operator wants everything undone."""

    reason: str


Happening = Answered | TimedOut | RetryOrdered | CompensationOrdered


@dataclass(frozen=True, slots=True)
class Ask:
    """Give the state's command, and wait so long for the reply."""

    patience: timedelta


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long before the next command."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class Stop:
    """Wait for an operator, or for a reply that comes after all."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The saga is done."""


@dataclass(frozen=True, slots=True)
class Fail:
    """The saga is undone."""

    reason: str


Action = Ask | Pause | Stop | Complete | Fail


@dataclass(frozen=True, slots=True)
class Decision:
    """The next state and what is to be done; nothing if the happening no longer matters."""

    state: SagaState
    action: Action | None = None


class NotPossible(Exception):
    """An operator's order that the saga's state does not allow; the message says why."""


def begin(saga: Saga[Any], saga_id: UUID) -> Decision:
    """The first step of a new saga."""
    return _ask(saga, SagaState(saga_id))


def decide(saga: Saga[Any], state: SagaState, happening: Happening) -> Decision:
    """What follows from a happening; a reply to another command than the awaited one changes nothing.

    Raises:
        NotPossible: it is an order that makes no sense in this state.
    """
    match happening:
        case Answered(command_id, refusal):
            if state.status.is_end or command_id != state.command_id:
                return Decision(state)
            return _done(saga, state) if refusal is None else _refused(saga, state, refusal)
        case TimedOut():
            if state.status.is_end or state.status is SagaStatus.STUCK:
                return Decision(state)
            return _timed_out(saga, state)
        case RetryOrdered():
            _require_live(state)
            return _ask(saga, replace(state, attempt=0))
        case CompensationOrdered(reason):
            _require_live(state)
            _require_way_back(saga, state)
            return _undo_from(saga, replace(state, reason=reason), state.position)


def _done(saga: Saga[Any], state: SagaState) -> Decision:
    if state.undoing:
        return _undo_from(saga, state, state.position - 1)
    following = state.position + 1
    if following == len(saga.steps):
        return Decision(replace(state, status=SagaStatus.DONE), Complete())
    return _ask(saga, _at(state, following, undoing=False))


def _refused(saga: Saga[Any], state: SagaState, reason: str) -> Decision:
    if not state.undoing and state.position <= saga.pivot_at:
        return _undo_from(saga, replace(state, reason=reason), state.position - 1)
    step, another = _step(saga, state), replace(state, round=state.round + 1)
    if state.attempt >= step.attempts:
        return _stop(another)
    return Decision(another, Pause(step.pause_after(state.attempt)))


def _timed_out(saga: Saga[Any], state: SagaState) -> Decision:
    step = _step(saga, state)
    if state.attempt < step.attempts:
        return _ask(saga, state)
    if not state.undoing and state.position < saga.pivot_at:
        return _undo_from(saga, replace(state, reason=f"{step.name}: no answer in time."), state.position)
    return _stop(state)


def _undo_from(saga: Saga[Any], state: SagaState, highest: int) -> Decision:
    """Undoes the last step that can be undone, from `highest` down."""
    for place in range(highest, -1, -1):
        if saga.steps[place].compensation is not None:
            return _ask(saga, _at(state, place, undoing=True))
    return Decision(replace(state, status=SagaStatus.FAILED, undoing=True), Fail(state.reason or ""))


def _ask(saga: Saga[Any], state: SagaState) -> Decision:
    status = SagaStatus.COMPENSATING if state.undoing else SagaStatus.RUNNING
    asked = replace(state, status=status, attempt=state.attempt + 1)
    return Decision(asked, Ask(_step(saga, asked).patience_of(asked.attempt)))


def _stop(state: SagaState) -> Decision:
    return Decision(replace(state, status=SagaStatus.STUCK), Stop())


def _at(state: SagaState, position: int, *, undoing: bool) -> SagaState:
    return replace(state, position=position, undoing=undoing, round=1, attempt=0)


def _step(saga: Saga[Any], state: SagaState) -> Step[Any]:
    return saga.steps[state.position]


def _require_live(state: SagaState) -> None:
    if state.status.is_end:
        raise NotPossible(f"The saga has ended: it is {state.status}.")


def _require_way_back(saga: Saga[Any], state: SagaState) -> None:
    if state.undoing:
        raise NotPossible("The saga is being undone already.")
    if state.position >= saga.pivot_at:
        raise NotPossible(f"There is no way back from {saga.steps[saga.pivot_at].name}: retry it.")
