"""The critical path method with all four kinds of dependency and lags (Kelley and Walker, 1959; precedence
diagram: Fondahl, 1961). Times are points on the network's axis in working days; it begins at 0."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.schemas.network import Link, Network, NetworkActivity, Schedule, ScheduledActivity
from services.schemas.network_order import ordered

# Two sums of fractional days that differ by less are the same point.
_SAME = 1e-9

# From which end of the predecessor a link is measured, and which of the successor it holds; 1 is the finish.
_ENDS = {"FS": (1, 0), "SS": (0, 0), "FF": (1, 1), "SF": (0, 1)}


@dataclass(frozen=True, slots=True)
class _Bar:
    """One activity's place: where it starts, and how long it takes."""

    start: float
    duration: float

    @property
    def finish(self) -> float:
        return self.start + self.duration

    def end(self, finish: int) -> float:
        return self.finish if finish else self.start


def schedule(network: Network, started: Mapping[str, float] | None = None) -> Schedule:
    """Early and late times, floats and the critical path.

    `started` gives activities a point at which they did start: they stay there, whatever their links say. The
    end is the latest early finish; the late times are those that keep it.

    Raises:
        CannotSchedule: a key stands twice, a predecessor is unknown, or activities wait for each other.
    """
    fixed = started or {}
    activities = [_unlinked(each) if each.key in fixed else each for each in ordered(network)]
    early = _forward(activities, fixed)
    end = max([0.0, *(bar.finish for bar in early.values())])
    followers = _followers(activities)
    late = _backward(activities, early, followers, end)
    found = [
        _scheduled(
            each.key, early[each.key], late[each.key], _free(early, each.key, followers[each.key], end)
        )
        for each in activities
    ]
    critical = sorted((each for each in found if each.critical), key=lambda each: each.early_start)
    by_key = {each.key: each for each in found}
    return Schedule(
        duration=end,
        activities=tuple(by_key[each.key] for each in network.activities),
        critical_path=tuple(each.key for each in critical),
    )


def _unlinked(activity: NetworkActivity) -> NetworkActivity:
    return activity.model_copy(update={"links": ()})


def _forward(activities: Iterable[NetworkActivity], fixed: Mapping[str, float]) -> dict[str, _Bar]:
    early: dict[str, _Bar] = {}
    for each in activities:
        starts = [_earliest(link, early[link.predecessor], each.duration) for link in each.links]
        early[each.key] = _Bar(fixed.get(each.key, max([0.0, *starts])), each.duration)
    return early


def _earliest(link: Link, predecessor: _Bar, duration: float) -> float:
    """The earliest start that a link allows."""
    of_predecessor, of_successor = _ENDS[link.kind]
    return predecessor.end(of_predecessor) + link.lag - of_successor * duration


Followers = Mapping[str, list[tuple[Link, str]]]


def _followers(activities: Iterable[NetworkActivity]) -> Followers:
    found: defaultdict[str, list[tuple[Link, str]]] = defaultdict(list)
    for each in activities:
        for link in each.links:
            found[link.predecessor].append((link, each.key))
    return found


def _backward(
    activities: list[NetworkActivity], early: Mapping[str, _Bar], followers: Followers, end: float
) -> dict[str, _Bar]:
    """Late bars: each as late as the end and the late bars after it allow."""
    late: dict[str, _Bar] = {}
    for each in reversed(activities):
        slack = _slack(early[each.key], ((link, late[key]) for link, key in followers[each.key]), end)
        late[each.key] = _Bar(early[each.key].start + slack, each.duration)
    return late


def _free(early: Mapping[str, _Bar], key: str, followers: list[tuple[Link, str]], end: float) -> float:
    return _slack(early[key], ((link, early[follower]) for link, follower in followers), end)


def _slack(bar: _Bar, after: Iterable[tuple[Link, _Bar]], end: float) -> float:
    """By how much a bar may slip until it pushes one of those after it, or the end."""
    return min([end - bar.finish, *(_room(bar, link, successor) for link, successor in after)])


def _room(bar: _Bar, link: Link, successor: _Bar) -> float:
    of_predecessor, of_successor = _ENDS[link.kind]
    return successor.end(of_successor) - bar.end(of_predecessor) - link.lag


def _scheduled(key: str, early: _Bar, late: _Bar, free: float) -> ScheduledActivity:
    total = late.start - early.start
    return ScheduledActivity(
        key=key,
        early_start=early.start,
        early_finish=early.finish,
        late_start=late.start,
        late_finish=late.finish,
        total_float=_settled(total),
        free_float=_settled(free),
        critical=total < _SAME,
    )


def _settled(days: float) -> float:
    return 0.0 if abs(days) < _SAME else days
