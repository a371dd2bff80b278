"""Sagas of every shape, and what may happen to their messages: the strategies of the laws."""

from dataclasses import dataclass
from enum import Enum, auto

from hypothesis import strategies as st

from services.chassis.ids import new_id
from services.chassis.sagas import Saga, Step
from tests.chassis.sagas.trips import (
    BookFlight,
    BookRoom,
    CancelFlight,
    CancelRoom,
    Trip,
    booked,
    booking,
    not_booked,
)

_BOOK = {"listener": BookFlight, "probe": BookRoom}
_CANCEL = {"listener": CancelFlight, "probe": CancelRoom}


class Blow(Enum):
    """What happens to one message, or to whoever handles it."""

    DELIVERED = auto()
    DOUBLED = auto()
    LOST = auto()
    CRASH_BEFORE_COMMIT = auto()
    CRASH_AFTER_COMMIT = auto()
    TIME_PASSES = auto()
    RUNNER_CRASHES = auto()


Blows = list[tuple[Blow, int]]
"""Each blow with the place, modulo their number, of the message in flight that it meets."""


@dataclass(frozen=True)
class Story:
    """A definition and the data of one run of it."""

    saga: Saga[Trip]
    trip: Trip


@st.composite
def stories(draw: st.DrawFn, *, attempts: st.SearchStrategy[int]) -> Story:
    """Up to five steps at two participants, with a pivot or without; some refuse, for good or for a while."""
    number = draw(st.integers(1, 5))
    # Behind the last step: there is none. Drawn from the end, as a way back takes steps before the pivot.
    pivot_at = number - draw(st.integers(0, number))
    each_attempts = draw(attempts)
    names = [f"step-{place}" for place in range(number)]
    steps = []
    for place, name in enumerate(names):
        participant = draw(st.sampled_from(sorted(_BOOK)))
        undoable = place < pivot_at and draw(st.sampled_from([True, True, True, False]))
        steps.append(
            Step(
                name,
                booking(_BOOK[participant], name),
                booking(_CANCEL[participant], name) if undoable else None,
                is_pivot=place == pivot_at,
                attempts=each_attempts,
            )
        )
    saga = Saga("any", owner="probe", data=Trip, steps=steps, on_done=booked, on_failed=not_booked)
    sold_out = draw(st.one_of(st.just(""), st.sampled_from(names[: pivot_at + 1])))
    busy = draw(st.dictionaries(st.sampled_from(names), st.integers(1, 2), max_size=2))
    return Story(saga, Trip(trip_id=new_id(), sold_out=sold_out, busy=busy))


def blows(*, most: int) -> st.SearchStrategy[Blows]:
    """As often many as few: left to themselves, lists stay short."""
    blow = st.tuples(st.sampled_from(Blow), st.integers(0, 7))
    return st.integers(0, most).flatmap(lambda least: st.lists(blow, min_size=least, max_size=most))
