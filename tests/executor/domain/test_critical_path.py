"""The critical path method against known schedules, and the laws that every schedule keeps."""

import pytest
from hypothesis import given

from services.executor.domain.critical_path import schedule
from services.schemas.cases import NETWORKS, NetworkCase
from services.schemas.network import Link, Network, NetworkActivity, ScheduledActivity
from services.schemas.network_order import CannotSchedule
from tests.executor.domain.networks import networks


@pytest.mark.parametrize("case", NETWORKS, ids=[case.id for case in NETWORKS])
def test_a_known_schedule_comes_out(case: NetworkCase) -> None:
    found = schedule(case.network)
    assert found.duration == pytest.approx(case.schedule.duration, abs=1e-9)
    assert found.critical_path == case.schedule.critical_path
    for each, expected in zip(found.activities, case.schedule.activities, strict=True):
        assert each.model_dump() == pytest.approx(expected.model_dump(), abs=1e-9)


@given(networks())
def test_every_link_holds_for_early_and_for_late_times(network: Network) -> None:
    by_key = {each.key: each for each in schedule(network).activities}
    for activity in network.activities:
        for link in activity.links:
            before, after = by_key[link.predecessor], by_key[activity.key]
            for early in (True, False):
                assert _end(after, link.kind[1], early) >= _end(before, link.kind[0], early) + link.lag - 1e-9


@given(networks())
def test_floats_are_what_their_definitions_say(network: Network) -> None:
    found = schedule(network)
    for each, activity in zip(found.activities, network.activities, strict=True):
        assert each.key == activity.key
        assert each.early_start >= 0
        assert each.early_finish - each.early_start == pytest.approx(activity.duration)
        assert each.late_finish <= found.duration + 1e-9
        assert 0 <= each.free_float <= each.total_float + 1e-9
        assert each.total_float == pytest.approx(each.late_start - each.early_start)
    assert found.duration == max(each.early_finish for each in found.activities)


@given(networks())
def test_to_slip_by_the_total_float_does_not_move_the_end(network: Network) -> None:
    found = schedule(network)
    for each in found.activities:
        slipped = schedule(_slipped(network, each.key, each.total_float))
        assert slipped.duration == pytest.approx(found.duration)


@given(networks())
def test_to_slip_by_the_free_float_moves_nothing_else(network: Network) -> None:
    found = schedule(network)
    for each in found.activities:
        slipped = schedule(_slipped(network, each.key, each.free_float))
        for before, after in zip(found.activities, slipped.activities, strict=False):
            if before.key != each.key:
                assert after.early_start == pytest.approx(before.early_start)


@given(networks(kinds="FS", least_lag=0))
def test_of_plain_chains_the_longest_is_the_duration(network: Network) -> None:
    by_key = {activity.key: activity for activity in network.activities}

    def longest(key: str) -> float:
        before = [longest(link.predecessor) + link.lag for link in by_key[key].links]
        return by_key[key].duration + max(before, default=0.0)

    assert schedule(network).duration == pytest.approx(max(map(longest, by_key)))


def test_what_has_started_stays_where_it_started() -> None:
    network = _network(("a", 10, ""), ("b", 3, "a"), ("c", 2, "b"))
    found = {each.key: each for each in schedule(network, {"b": 2.0}).activities}
    assert (found["b"].early_start, found["c"].early_start) == (2.0, 5.0)
    assert found["a"].early_start == 0.0
    assert all(each.total_float >= 0 for each in found.values())


def test_a_lead_never_starts_before_the_plan() -> None:
    lead = NetworkActivity(key="b", duration=1.0, links=(Link(predecessor="a", lag=-5.0),))
    found = schedule(Network(activities=(NetworkActivity(key="a", duration=2.0), lead)))
    assert found.activities[1].early_start == 0.0


@pytest.mark.parametrize(
    ("network", "pointer", "says"),
    [
        ([("a", 1, "z")], "/activities/0/links/0/predecessor", "no activity z"),
        ([("a", 1, ""), ("a", 2, "")], "/activities/1/key", "two activities a"),
        ([("a", 1, "a")], "/activities/0/links/0", "a before a"),
    ],
)
def test_what_cannot_be_scheduled_is_pointed_at(
    network: list[tuple[str, float, str]], pointer: str, says: str
) -> None:
    with pytest.raises(CannotSchedule, match=says) as refused:
        schedule(_network(*network))
    assert [finding.pointer for finding in refused.value.findings] == [pointer]


def test_a_circle_is_pointed_at_by_one_of_its_links() -> None:
    with pytest.raises(CannotSchedule) as refused:
        schedule(_network(("x", 1, ""), ("a", 1, "x c"), ("b", 1, "a"), ("c", 1, "b")))
    assert refused.value.findings[0].pointer in {
        "/activities/1/links/1",
        "/activities/2/links/0",
        "/activities/3/links/0",
    }


def test_a_long_chain_given_backwards_is_ordered() -> None:
    chain = [
        NetworkActivity(key=f"a{n}", duration=1.0, links=_after(f"a{n - 1}" if n else ""))
        for n in range(2000)
    ]
    assert schedule(Network(activities=tuple(reversed(chain)))).duration == 2000.0


def _network(*rows: tuple[str, float, str]) -> Network:
    return Network(
        activities=tuple(
            NetworkActivity(key=key, duration=float(duration), links=_after(before))
            for key, duration, before in rows
        )
    )


def _after(keys: str) -> tuple[Link, ...]:
    return tuple(Link(predecessor=key) for key in keys.split())


def _end(each: ScheduledActivity, which: str, early: bool) -> float:
    if which == "F":
        return each.early_finish if early else each.late_finish
    return each.early_start if early else each.late_start


def _slipped(network: Network, key: str, days: float) -> Network:
    """The network with an activity held back by one more, which takes until its early start and the days."""
    start = next(each.early_start for each in schedule(network).activities if each.key == key)
    hold = Link(predecessor="hold")
    moved = [
        each.model_copy(update={"links": (*each.links, hold)}) if each.key == key else each
        for each in network.activities
    ]
    return Network(activities=(*moved, NetworkActivity(key="hold", duration=start + days)))
