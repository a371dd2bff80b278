"""Dates from the network, the calendar and what was reported: by hand, and one law."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.executor.domain.critical_path import schedule
from services.executor.domain.forecast import Effort, Forecast, forecast
from services.executor.domain.work import PlanActivity, Progress
from services.executor.domain.working_days import WorkingDays
from services.schemas.network import Link, Network
from tests.executor.domain.networks import networks

MONDAY = date(2026, 1, 5)
DAYS = WorkingDays(MONDAY)


def _work(key: str, duration: float, after: str = "", **progress: Any) -> Effort:
    links = tuple(Link(predecessor=each) for each in after.split())
    return Effort(PlanActivity(key=key, duration=duration, links=links, milestone="m"), Progress(**progress))


def _days(found: Forecast) -> dict[str, tuple[str, str]]:
    return {each.effort.activity.key: (str(each.start), str(each.finish)) for each in found.activities}


def test_what_follows_waits_for_what_was_really_done() -> None:
    done = _work("a", 5, percent=100.0, actual_start=date(2026, 1, 6), actual_finish=date(2026, 1, 17))
    found = forecast(DAYS, [done, _work("b", 1, "a")])
    # Finished on a Saturday: the next one starts on the Monday after.
    assert _days(found) == {"a": ("2026-01-06", "2026-01-17"), "b": ("2026-01-19", "2026-01-19")}


def test_what_is_under_way_takes_as_long_as_planned_from_where_it_began() -> None:
    begun = _work("a", 5, percent=90.0, actual_start=date(2026, 1, 8))
    assert _days(forecast(DAYS, [begun])) == {"a": ("2026-01-08", "2026-01-14")}


def test_what_began_before_the_plan_is_where_it_began() -> None:
    begun = _work("a", 2, percent=10.0, actual_start=date(2025, 12, 30))
    found = forecast(DAYS, [begun, _work("b", 1, "a")])
    assert _days(found) == {"a": ("2025-12-30", "2025-12-31"), "b": ("2026-01-05", "2026-01-05")}


def test_an_event_happens_as_the_work_before_it_ends() -> None:
    found = forecast(DAYS, [_work("begin", 0), _work("a", 5, "begin"), _work("end", 0, "a")])
    assert _days(found) == {
        "begin": ("2026-01-05", "2026-01-05"),
        "a": ("2026-01-05", "2026-01-09"),
        "end": ("2026-01-09", "2026-01-09"),
    }


def test_a_milestone_is_expected_with_the_last_that_leads_to_it() -> None:
    found = forecast(DAYS, [_work("a", 3), _work("b", 7)])
    assert found.milestone("m") == found.finish == date(2026, 1, 13)
    assert found.milestone("other") is None


def test_nothing_planned_is_nothing_expected() -> None:
    found = forecast(DAYS, [])
    assert (found.duration, found.finish, found.milestone("m")) == (0.0, None, None)


@given(networks(), st.lists(st.dates(MONDAY, date(2026, 3, 1)), max_size=10))
def test_without_reports_the_calendar_only_translates(network: Network, holidays: list[date]) -> None:
    days = WorkingDays(MONDAY, holidays)
    works = [Effort(PlanActivity(**dict(each)), Progress()) for each in network.activities]
    found = forecast(days, works)
    assert tuple(each.scheduled for each in found.activities) == schedule(network).activities
    for each in found.activities:
        assert each.start <= each.finish <= each.late_finish
        assert days.finish_point(each.finish) >= each.scheduled.early_finish


@pytest.mark.parametrize("percent", [0.0, 40.0, 99.9])
def test_only_what_is_done_has_an_end(percent: float) -> None:
    with pytest.raises(ValueError, match="actual_finish"):
        Progress(percent=percent, actual_start=MONDAY, actual_finish=MONDAY)
