"""The critical path method over many draws of the durations at once.

All four kinds of dependency with lags (Kelley and Walker, 1959; precedence diagram: Fondahl, 1961). Times are
points on the network's axis in working days; it begins at 0. Arrays have a row an activity, in the network's
order, and a column a draw.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.errors import Fault, InvalidNetwork
from services.schemas.network import Network, NetworkActivity, Schedule, ScheduledActivity
from services.schemas.network_order import CannotSchedule, ordered

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]

SAME = 1e-9
"""Sums of fractional days that differ by less, relative to the network's length, are the same point."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A link by rows. It holds the successor's finish (else its start) at least `lag` after the
    predecessor's finish (else its start)."""

    predecessor: int
    successor: int
    from_finish: bool
    to_finish: bool
    lag: float


@dataclass(frozen=True)
class Times:
    """The schedule of each draw. `slack` is by how much an activity may slip without moving the end,
    `same` the distance below which two points of a draw are one."""

    durations: Numbers
    starts: Numbers
    slack: Numbers
    end: Numbers
    same: Numbers

    @property
    def critical(self) -> Truths:
        critical: Truths = self.slack < self.same
        return critical


class ActivityNetwork:
    """A network made ready to schedule.

    Raises:
        InvalidNetwork: a key stands twice, a predecessor is unknown, or activities wait for each other.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        row = {activity.key: index for index, activity in enumerate(network.activities)}
        self.order = [row[activity.key] for activity in _in_order(network)]
        self.ties_into: list[list[Tie]] = [[] for _ in row]
        self._ties_from: list[list[Tie]] = [[] for _ in row]
        for index, activity in enumerate(network.activities):
            for link in activity.links:
                from_finish, to_finish = (end == "F" for end in link.kind)
                tie = Tie(row[link.predecessor], index, from_finish, to_finish, link.lag)
                self.ties_into[index].append(tie)
                self._ties_from[tie.predecessor].append(tie)

    @property
    def size(self) -> int:
        """Activities and links."""
        return len(self.order) + sum(map(len, self.ties_into))

    def times(self, durations: Numbers) -> Times:
        """Early starts, the latest early finish as the end, and the slack that keeps it."""
        starts = np.zeros_like(durations)
        for row in self.order:
            for tie in self.ties_into[row]:
                np.maximum(starts[row], earliest(tie, starts, durations), out=starts[row])
        finishes = starts + durations
        end = finishes.max(axis=0)
        slack = end - finishes
        for row in reversed(self.order):
            for tie in self._ties_from[row]:
                room = _room(tie, starts, finishes) + slack[tie.successor]
                np.minimum(slack[row], room, out=slack[row])
        return Times(durations, starts, slack, end, SAME * np.maximum(end, 1.0))

    def schedule(self) -> Schedule:
        """The schedule of the planned durations."""
        durations = np.array([[activity.duration] for activity in self.network.activities])
        times = self.times(durations)
        finishes = times.starts + durations
        free = times.end - finishes
        for tie in self._ties():
            free[tie.predecessor] = np.minimum(free[tie.predecessor], _room(tie, times.starts, finishes))
        found = [self._scheduled(times, free, row) for row in range(len(durations))]
        in_order = [found[row] for row in self.order if found[row].critical]
        return Schedule(
            duration=float(times.end[0]),
            activities=tuple(found),
            critical_path=tuple(
                each.key for each in sorted(in_order, key=lambda activity: activity.early_start)
            ),
        )

    def _ties(self) -> Iterable[Tie]:
        return (tie for ties in self.ties_into for tie in ties)

    def _scheduled(self, times: Times, free: Numbers, row: int) -> ScheduledActivity:
        start, duration = float(times.starts[row, 0]), float(times.durations[row, 0])
        slack = 0.0 if times.critical[row, 0] else float(times.slack[row, 0])
        return ScheduledActivity(
            key=self.network.activities[row].key,
            early_start=start,
            early_finish=start + duration,
            late_start=start + slack,
            late_finish=start + slack + duration,
            total_float=slack,
            free_float=0.0 if free[row, 0] < times.same[0] else float(free[row, 0]),
            critical=bool(times.critical[row, 0]),
        )


def earliest(tie: Tie, starts: Numbers, durations: Numbers) -> Numbers:
    """The earliest start of the successor that a link allows, draw by draw."""
    found: Numbers = starts[tie.predecessor] + tie.lag
    if tie.from_finish:
        found += durations[tie.predecessor]
    if tie.to_finish:
        found -= durations[tie.successor]
    return found


def _room(tie: Tie, starts: Numbers, finishes: Numbers) -> Numbers:
    """By how much the predecessor may slip until it pushes its successor."""
    held = (finishes if tie.to_finish else starts)[tie.successor]
    room: Numbers = held - (finishes if tie.from_finish else starts)[tie.predecessor] - tie.lag
    return room


def _in_order(network: Network) -> list[NetworkActivity]:
    try:
        return ordered(network)
    except CannotSchedule as error:
        raise InvalidNetwork(
            [Fault(f"/network{finding.pointer}", finding.detail) for finding in error.findings]
        ) from None
