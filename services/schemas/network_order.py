"""The order in which a network is computed: every activity after those it depends on."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from services.schemas.network import Network, NetworkActivity
from services.schemas.problem import FieldError


class CannotSchedule(Exception):
    """The plan has no schedule; `findings` point into its document."""

    def __init__(self, findings: Sequence[FieldError]) -> None:
        super().__init__("; ".join(finding.detail for finding in findings))
        self.findings = tuple(findings)


def ordered(network: Network) -> list[NetworkActivity]:
    """The activities, predecessors first.

    Raises:
        CannotSchedule: a key stands twice, a predecessor is unknown, or activities wait for each other.
    """
    findings = [*_repeated(network), *_unknown(network)]
    if findings:
        raise CannotSchedule(findings)
    by_key = {activity.key: activity for activity in network.activities}
    graph = {key: [link.predecessor for link in activity.links] for key, activity in by_key.items()}
    try:
        return [by_key[key] for key in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise CannotSchedule([_circle(by_key, error.args[1])]) from None


def _repeated(network: Network) -> Iterator[FieldError]:
    seen: set[str] = set()
    for number, activity in enumerate(network.activities):
        if activity.key in seen:
            detail = f"There are two activities {activity.key}."
            yield FieldError(pointer=f"/activities/{number}/key", detail=detail)
        seen.add(activity.key)


def _unknown(network: Network) -> Iterator[FieldError]:
    known = {activity.key for activity in network.activities}
    for number, activity in enumerate(network.activities):
        for position, link in enumerate(activity.links):
            if link.predecessor not in known:
                yield FieldError(
                    pointer=f"/activities/{number}/links/{position}/predecessor",
                    detail=f"There is no activity {link.predecessor}.",
                )


def _circle(by_key: Mapping[str, NetworkActivity], circle: Sequence[str]) -> FieldError:
    """A finding at one link of a circle, in which each precedes the next and the last is the first."""
    awaited, waiting = circle[0], circle[1]
    number = list(by_key).index(waiting)
    position = [link.predecessor for link in by_key[waiting].links].index(awaited)
    return FieldError(
        pointer=f"/activities/{number}/links/{position}",
        detail=f"Activities wait for each other: {' before '.join(circle)}.",
    )
