"""The language in which a saga is tested: what it asks, how it is answered, how it ends. Nothing runs.

given(ACTIVATION, data)
    .expect(LockModel).reply_done()
    .expect(CreatePlan).reply_refused("no planner is free")
    .expect(UnlockModel).reply_done()
    .expect_failed("no planner is free")
"""

from typing import Any, Self, TypeVar
from uuid import UUID

from services.chassis.sagas.decisions import (
    Answered,
    Ask,
    CompensationOrdered,
    Decision,
    Happening,
    Pause,
    RetryOrdered,
    TimedOut,
    begin,
    decide,
)
from services.chassis.sagas.definition import Saga
from services.chassis.sagas.state import SagaState, SagaStatus
from services.schemas.base import Document
from services.schemas.commands import CommandPayload

D = TypeVar("D", bound=Document)

_SOME_SAGA = UUID("0197c1c5-0000-7000-8000-00000000005a")


def given(saga: Saga[D], data: D) -> "SagaRun":
    """A saga that has just begun."""
    return SagaRun(saga, data)


class SagaRun:
    """A saga under test: `expect…` looks, everything else makes something happen."""

    def __init__(self, saga: Saga[Any], data: Any) -> None:
        self._saga = saga
        self._data = data
        self._decision: Decision = begin(saga, _SOME_SAGA)

    @property
    def state(self) -> SagaState:
        return self._decision.state

    @property
    def asked(self) -> CommandPayload | None:
        """The payload of the command that was just given."""
        if not isinstance(self._decision.action, Ask):
            return None
        return self._saga.command_of(self.state.position, self._data, compensation=self.state.undoing)

    def expect(self, command: type[CommandPayload] | CommandPayload) -> Self:
        """The saga has just asked this: a payload, or any of its type."""
        if isinstance(command, CommandPayload):
            assert self.asked == command
        else:
            assert type(self.asked) is command, f"asked {self.asked!r}, not {command.__name__}"
        return self

    def expect_pause(self) -> Self:
        """The saga waits before it asks again."""
        assert isinstance(self._decision.action, Pause), self._decision
        return self

    def expect_done(self) -> None:
        assert self.state.status is SagaStatus.DONE, self.state

    def expect_failed(self, reason: str) -> None:
        assert (self.state.status, self.state.reason) == (SagaStatus.FAILED, reason)

    def expect_stuck(self) -> Self:
        assert self.state.status is SagaStatus.STUCK, self.state
        return self

    def reply_done(self) -> Self:
        return self._happens(Answered(self.state.command_id))

    def reply_refused(self, reason: str) -> Self:
        return self._happens(Answered(self.state.command_id, reason))

    def time_passes(self) -> Self:
        """As long as the saga waits."""
        return self._happens(TimedOut())

    def no_reply(self) -> Self:
        """Not to any of the current command's attempts."""
        waiting = (self.state.position, self.state.undoing)
        while (self.state.position, self.state.undoing) == waiting and not self._is_over:
            self.time_passes()
        return self

    def operator_retries(self) -> Self:
        return self._happens(RetryOrdered())

    def operator_compensates(self, reason: str) -> Self:
        return self._happens(CompensationOrdered(reason))

    @property
    def _is_over(self) -> bool:
        return self.state.status.is_end or self.state.status is SagaStatus.STUCK

    def _happens(self, happening: Happening) -> Self:
        self._decision = decide(self._saga, self.state, happening)
        return self
