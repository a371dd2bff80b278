"""What a saga is: its steps in order, how each is undone, and what ends it. It reads like a table."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from services.chassis.handlers import Poison
from services.chassis.retries import DEFAULT_RETRY
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.base import Document
from services.schemas.commands import CommandPayload

D = TypeVar("D", bound=Document)

_PATIENCE = timedelta(seconds=30)
_LONGEST_PATIENCE = timedelta(minutes=15)
_ATTEMPTS = 6


@dataclass(frozen=True)
class Step(Generic[D]):
    """One step: functions that make its command, and the one that undoes it, from the saga's data.

    An attempt waits `patience` for its reply, twice as long after each further one, 15 minutes at most; after
    `attempts` the step is given up before the pivot, and stuck after it.
    """

    name: str
    command: Callable[[D], CommandPayload]
    compensation: Callable[[D], CommandPayload] | None = None
    is_pivot: bool = False
    patience: timedelta = _PATIENCE
    attempts: int = _ATTEMPTS

    def patience_of(self, attempt: int) -> timedelta:
        """How long an attempt (counted from 1) waits for its reply."""
        doublings: int = 2 ** min(attempt - 1, 16)
        return min(self.patience * doublings, max(self.patience, _LONGEST_PATIENCE))

    def pause_after(self, attempt: int) -> timedelta:
        """How long after a refusal that must not stand the command is given again."""
        return DEFAULT_RETRY.pause(attempt)


def step(
    name: str,
    command: Callable[[D], CommandPayload],
    *,
    compensation: Callable[[D], CommandPayload] | None = None,
    patience: timedelta = _PATIENCE,
    attempts: int = _ATTEMPTS,
) -> Step[D]:
    """A step; without a compensation there is nothing of it to undo."""
    return Step(name, command, compensation, patience=patience, attempts=attempts)


def pivot(
    name: str,
    command: Callable[[D], CommandPayload],
    *,
    patience: timedelta = _PATIENCE,
    attempts: int = _ATTEMPTS,
) -> Step[D]:
    """The step that decides: refused, all before it is undone; done, all after it is tried until done."""
    return Step(name, command, is_pivot=True, patience=patience, attempts=attempts)


@dataclass(frozen=True)
class Saga(Generic[D]):
    """A definition. `owner` is the key of the service that conducts it; the callbacks run in the transaction
    that ends a saga.

    The steps of a released definition never change, as sagas may be under way; a change is another name.
    """

    name: str
    owner: str
    data: type[D]
    steps: Sequence[Step[D]]
    on_done: Callable[[UnitOfWork, D], Awaitable[None]]
    on_failed: Callable[[UnitOfWork, D, str], Awaitable[None]]

    def __post_init__(self) -> None:
        names = [each.name for each in self.steps]
        pivots = [place for place, each in enumerate(self.steps) if each.is_pivot]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"{self.name} needs steps of different names")
        if len(pivots) > 1:
            raise ValueError(f"{self.name} has more than one pivot")
        if any(each.compensation for each in self.steps[self.pivot_at :]):
            raise ValueError(f"{self.name} compensates a step after its pivot, which never happens")

    @property
    def pivot_at(self) -> int:
        """The place of the pivot; without one, behind the last step."""
        places = (place for place, each in enumerate(self.steps) if each.is_pivot)
        return next(places, len(self.steps))

    def command_of(self, place: int, data: D, *, compensation: bool) -> CommandPayload:
        """The payload of a step's command, or of its compensation."""
        found = self.steps[place]
        make = found.compensation if compensation else found.command
        if make is None:
            raise ValueError(f"{found.name} has no compensation")
        return make(data)


class Definitions:
    """The sagas that one service conducts, by name."""

    def __init__(self, sagas: Sequence[Saga[Any]]) -> None:
        self._by_name = {saga.name: saga for saga in sagas}

    @property
    def names(self) -> list[str]:
        return sorted(self._by_name)

    def named(self, name: str) -> Saga[Any]:
        """Raises:
        Poison: this release knows no such saga.
        """
        found = self._by_name.get(name)
        if found is None:
            raise Poison(f"No saga is named {name}.")
        return found
