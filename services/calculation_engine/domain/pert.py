"""The classic PERT calculation: expected durations, and variance along the critical path.

An activity's expected duration is (a + 4m + b) / 6 and its variance ((b - a) / 6)^2; the network's duration
is taken as normal, with the sum of both along the critical path (as B. Taylor, Introduction to Management
Science, works its examples).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.activity_network import SAME, ActivityNetwork, Times, earliest
from services.calculation_engine.domain.sampling.normal import normal_probability
from services.schemas.network import NetworkActivity

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Pert:
    """`expected` and `variances` have a number an activity, in the network's order."""

    expected: Numbers
    variances: Numbers
    duration: float
    variance: float
    path: tuple[int, ...]

    def probability_by(self, deadline: float) -> float:
        """That all is done by then."""
        ahead = deadline - self.duration
        if not self.variance:
            return float(ahead >= -SAME * max(self.duration, 1.0))
        return normal_probability(ahead / math.sqrt(self.variance))


@dataclass(frozen=True)
class _Driven:
    """What an activity's start and finish depend on: variances, and the activity that drives it."""

    start: float
    finish: float
    driver: int | None


def pert(network: ActivityNetwork) -> Pert:
    """The calculation for a network; of several critical paths that of the greatest variance."""
    activities = network.network.activities
    expected = np.array([_expected(activity) for activity in activities])
    variances = np.array([_variance(activity) for activity in activities])
    times = network.times(expected[:, np.newaxis])
    driven: dict[int, _Driven] = {}
    for row in network.order:
        driven[row] = _driven(network, times, driven, row, float(variances[row]))
    finishes = times.starts + times.durations
    # The last of them in time: an event at the end belongs to the path.
    last = [row for row in reversed(network.order) if finishes[row, 0] > times.end[0] - times.same[0]]
    path = [max(last, key=lambda each: driven[each].finish)]
    while (driver := driven[path[-1]].driver) is not None:
        path.append(driver)
    variance = driven[path[0]].finish
    return Pert(expected, variances, float(times.end[0]), variance, tuple(reversed(path)))


def _driven(
    network: ActivityNetwork, times: Times, driven: dict[int, _Driven], row: int, variance: float
) -> _Driven:
    """By the tight link that brings the most variance. Where a link holds the finish, the activity's own
    duration moves its start instead."""
    start = times.starts[row]
    found = []
    for tie in network.ties_into[row]:
        if abs(earliest(tie, times.starts, times.durations)[0] - start[0]) < times.same[0]:
            before = driven[tie.predecessor]
            brought = before.finish if tie.from_finish else before.start
            ends = (brought + variance, brought) if tie.to_finish else (brought, brought + variance)
            found.append(_Driven(*ends, tie.predecessor))
    if start[0] < times.same[0]:
        # Nothing holds it back but time zero.
        found.append(_Driven(0.0, variance, None))
    return max(found, key=lambda each: each.finish)


def _expected(activity: NetworkActivity) -> float:
    estimate = activity.estimate
    if estimate is None:
        return activity.duration
    return (estimate.optimistic + 4 * estimate.most_likely + estimate.pessimistic) / 6


def _variance(activity: NetworkActivity) -> float:
    estimate = activity.estimate
    return 0.0 if estimate is None else ((estimate.pessimistic - estimate.optimistic) / 6) ** 2
