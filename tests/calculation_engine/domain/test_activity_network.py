"""Schedules of many draws at once: the table of cases that the executor passes, too, and laws."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calculation_engine.domain.activity_network import ActivityNetwork
from services.calculation_engine.domain.errors import InvalidNetwork
from services.schemas.cases import NETWORKS, NetworkCase
from services.schemas.network import Network
from tests.calculation_engine.networks import random_networks


@pytest.mark.parametrize("case", NETWORKS, ids=[case.id for case in NETWORKS])
def test_a_case_s_schedule(case: NetworkCase) -> None:
    found = ActivityNetwork(case.network).schedule()
    assert found.duration == pytest.approx(case.schedule.duration, abs=1e-9)
    assert found.critical_path == case.schedule.critical_path
    for each, wanted in zip(found.activities, case.schedule.activities, strict=True):
        assert each.model_dump() == pytest.approx(wanted.model_dump(), abs=1e-9)


@pytest.mark.parametrize("case", NETWORKS, ids=[case.id for case in NETWORKS])
def test_a_case_s_schedule_in_each_of_many_draws(case: NetworkCase) -> None:
    """The case's durations in one of several columns: they do not mix."""
    durations = np.array([[each.duration] for each in case.network.activities])
    columns = np.concatenate((durations + 1, durations, durations * 3), axis=1)
    times = ActivityNetwork(case.network).times(columns)
    assert times.end[1] == pytest.approx(case.schedule.duration, abs=1e-9)
    for row, wanted in enumerate(case.schedule.activities):
        assert times.starts[row, 1] == pytest.approx(wanted.early_start, abs=1e-9)
        assert times.slack[row, 1] == pytest.approx(wanted.total_float, abs=1e-9)
        assert times.critical[row, 1] == wanted.critical


@given(random_networks())
def test_links_hold_early_and_late(network: Network) -> None:
    """Every link holds with all activities at their earliest, and with all at their latest; the end too."""
    found = ActivityNetwork(network).schedule()
    by_key = {each.key: each for each in found.activities}
    size = 1e-7 * max(1.0, found.duration)
    for activity in network.activities:
        own = by_key[activity.key]
        assert 0 <= own.free_float <= own.total_float + size
        assert own.late_finish <= found.duration + size
        for link in activity.links:
            before = by_key[link.predecessor]
            for which in ("early", "late"):
                ends = {
                    "S": (getattr(before, f"{which}_start"), getattr(own, f"{which}_start")),
                    "F": (getattr(before, f"{which}_finish"), getattr(own, f"{which}_finish")),
                }
                assert ends[link.kind[1]][1] >= ends[link.kind[0]][0] + link.lag - size
    assert any(each.critical for each in found.activities)


@given(random_networks(), st.integers(0, 11), st.floats(0.5, 20))
def test_what_exceeds_the_float_moves_the_end(network: Network, at: int, days: float) -> None:
    """For finish-to-start links: a longer activity moves the end by what exceeds its float."""
    plain = _finish_to_start(network)
    found = ActivityNetwork(plain).schedule()
    row = at % len(plain.activities)
    durations = np.array([[each.duration] for each in plain.activities])
    durations[row] += days
    moved = float(ActivityNetwork(plain).times(durations).end[0]) - found.duration
    assert moved == pytest.approx(max(0.0, days - found.activities[row].total_float), abs=1e-6)


def _finish_to_start(network: Network) -> Network:
    def relinked(activity: Any) -> Any:
        links = tuple(link.model_copy(update={"kind": "FS"}) for link in activity.links)
        return activity.model_copy(update={"links": links})

    return network.model_copy(update={"activities": tuple(map(relinked, network.activities))})


@pytest.mark.parametrize(
    ("activities", "pointer"),
    [
        ([{"key": "a", "duration": 1}] * 2, "/network/activities/1/key"),
        (
            [{"key": "a", "duration": 1, "links": [{"predecessor": "z"}]}],
            "/network/activities/0/links/0/predecessor",
        ),
        (
            [{"key": "a", "duration": 1, "links": [{"predecessor": "a"}]}],
            "/network/activities/0/links/0",
        ),
    ],
    ids=["twice", "unknown", "circle"],
)
def test_what_cannot_be_scheduled_is_pointed_at(activities: list[Any], pointer: str) -> None:
    with pytest.raises(InvalidNetwork) as refusal:
        ActivityNetwork(Network.model_validate({"activities": activities}))
    assert refusal.value.pointer == pointer
