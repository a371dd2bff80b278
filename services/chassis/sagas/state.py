"""Where a saga stands: a value that changes by `decide` alone."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5


class SagaStatus(StrEnum):
    """What is being done about a saga."""

    RUNNING = "running"
    """A step was commanded, and its reply is awaited."""
    COMPENSATING = "compensating"
    """What was done is undone, last first."""
    STUCK = "stuck"
    """A reply that cannot be done without has not come: an operator looks after it."""
    DONE = "done"
    FAILED = "failed"
    """Everything was undone."""

    @property
    def is_end(self) -> bool:
        return self in {SagaStatus.DONE, SagaStatus.FAILED}


LIVE = tuple(status for status in SagaStatus if not status.is_end)


@dataclass(frozen=True, slots=True)
class SagaState:
    """The step at which a saga stands, the direction, and how often its command was given.

    `attempt` counts the sendings of the step's command; `round` the commands: after a refusal that must not
    stand the next one is another command, as a participant answers the same one the same again. `reason` is
    why the saga is undone.
    """

    saga_id: UUID
    status: SagaStatus = SagaStatus.RUNNING
    position: int = 0
    undoing: bool = False
    round: int = 1
    attempt: int = 0
    reason: str | None = None

    @property
    def command_id(self) -> UUID:
        """The id of the command whose reply is awaited: the same whoever resumes the saga."""
        direction = "undo" if self.undoing else "do"
        return uuid5(self.saga_id, f"{self.position}:{direction}:{self.round}")
