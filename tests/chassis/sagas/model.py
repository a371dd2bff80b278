"""The world of a saga in memory: its state, participants that follow the rules, and messages in flight."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from services.chassis.ids import new_id
from services.chassis.sagas.decisions import (
    Answered,
    Ask,
    Decision,
    Happening,
    Pause,
    RetryOrdered,
    TimedOut,
    begin,
    decide,
)
from services.chassis.sagas.state import SagaStatus
from tests.chassis.sagas.shapes import Blow, Blows, Story

_MOST = 10_000


@dataclass(frozen=True)
class CommandMessage:
    """A command in flight."""

    id: UUID
    place: int
    compensation: bool


@dataclass(frozen=True)
class ReplyMessage:
    """A reply in flight."""

    command_id: UUID
    refusal: str | None


@dataclass(frozen=True)
class End:
    """What is left of a saga: how often each step was done (1) and undone (-1)."""

    status: SagaStatus
    reason: str | None
    effects: Counter[tuple[str, int]]


@dataclass
class Model:
    """One run of a story."""

    story: Story
    flying: list[CommandMessage | ReplyMessage] = field(default_factory=list)
    answers: dict[UUID, tuple[CommandMessage, str | None]] = field(default_factory=dict)
    effects: Counter[tuple[str, int]] = field(default_factory=Counter)
    ends: int = 0

    def __post_init__(self) -> None:
        self._follow(begin(self.story.saga, new_id()))

    @property
    def end(self) -> End:
        return End(self.state.status, self.state.reason, self.effects)

    def suffer(self, blows: Blows) -> None:
        for blow, place in blows:
            if blow in {Blow.TIME_PASSES, Blow.RUNNER_CRASHES}:  # after it has committed
                self._happens(TimedOut())
            elif self.flying:
                self._meet(blow, place % len(self.flying))

    def settle(self, *, newest_first: bool = False) -> None:
        """Everything in flight arrives; where nothing is, time passes, until the saga has ended."""
        for _ in range(_MOST):
            if self.flying:
                self._deliver(self.flying.pop(-1 if newest_first else 0))
            elif self.state.status is SagaStatus.STUCK:
                self._happens(RetryOrdered())
            elif not self.state.status.is_end:
                self._happens(TimedOut())
            else:
                return
        raise AssertionError("it never ends")

    def _meet(self, blow: Blow, place: int) -> None:
        match blow:
            case Blow.DELIVERED:
                self._deliver(self.flying.pop(place))
            case Blow.LOST:
                self.flying.pop(place)
            case Blow.DOUBLED | Blow.CRASH_AFTER_COMMIT:
                self._deliver(self.flying[place])
            case _:
                pass  # rolled back: as if nothing had been

    def _deliver(self, message: CommandMessage | ReplyMessage) -> None:
        if isinstance(message, ReplyMessage):
            self._happens(Answered(message.command_id, message.refusal))
            return
        if message.id not in self.answers:
            self.answers[message.id] = (message, self._refusal(message))
        self.flying.append(ReplyMessage(message.id, self.answers[message.id][1]))

    def _refusal(self, command: CommandMessage) -> str | None:
        name = self.story.saga.steps[command.place].name
        of_step = [(each, no) for each, no in self.answers.values() if each.place == command.place]
        was_done = any(not each.compensation and no is None for each, no in of_step)
        was_undone = any(each.compensation and no is None for each, no in of_step)
        if command.compensation and not was_done:
            return None
        if not command.compensation and was_undone:
            return f"The saga had given up {name} before the command came."
        if self.story.trip.sold_out == name and not command.compensation:
            return f"The {name} is sold out."
        refused = sum(each.compensation == command.compensation and no is not None for each, no in of_step)
        if refused < self.story.trip.busy.get(name, 0):
            return f"The {name} is busy."
        self.effects[name, -1 if command.compensation else 1] += 1
        return None

    def _happens(self, happening: Happening) -> None:
        self._follow(decide(self.story.saga, self.state, happening))

    def _follow(self, decision: Decision) -> None:
        self.state = decision.state
        match decision.action:
            case Ask():
                state = self.state
                self.flying.append(CommandMessage(state.command_id, state.position, state.undoing))
            case None | Pause():
                pass
            case _:
                self.ends += self.state.status.is_end
