"""When a day counts, and what was gained above the baselines."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from services.committer.domain.agreement import Agreement, Calendar, Promise
from services.schemas.periods import local_day
from services.schemas.terms import GainShare

CALENDAR = Calendar(date(2026, 1, 1), "Europe/Berlin", "quarter", 2)


def _promise(key: str, at_baseline: str) -> Promise:
    return Promise(
        id=UUID(int=len(key)),
        key=key,
        label=key,
        driver_key="driver",
        metric="metric",
        unit="hours",
        direction="decrease",
        baseline=Decimal(180),
        target=Decimal(120),
        tolerance=Decimal(0),
        due_period="2026-Q2",
        measured_by="The log",
        committed=(Decimal("900.00"),) * 2,
        at_baseline=(Decimal(at_baseline),) * 2,
    )


AGREEMENT = Agreement(CALENDAR, (_promise("uptime", "225.00"), _promise("waste", "0.00")), (), ())


@pytest.mark.parametrize(
    ("day", "place"),
    [
        (date(2025, 12, 1), 0),
        (date(2026, 1, 1), 0),
        (date(2026, 3, 31), 0),
        (date(2026, 4, 1), 1),
        (date(2027, 1, 1), 1),
    ],
)
def test_a_day_counts_in_its_period_or_the_nearest(day: date, place: int) -> None:
    assert CALENDAR.place_at(day) == place


@pytest.mark.parametrize(
    ("zone", "instant", "key"),
    [
        # Clocks went forward on March 29: the quarter ends at 22:00 UTC, not at 23:00.
        ("Europe/Berlin", "2026-03-31T21:59:59Z", "2026-Q1"),
        ("Europe/Berlin", "2026-03-31T22:00:00Z", "2026-Q2"),
        # They went back on October 25: the year ends at 23:00 UTC.
        ("Europe/Berlin", "2026-12-31T22:59:59Z", "2026-Q4"),
        ("Europe/Berlin", "2025-12-31T23:00:00Z", "2026-Q1"),
        ("America/New_York", "2026-07-01T03:59:59Z", "2026-Q2"),
        ("America/New_York", "2026-07-01T04:00:00Z", "2026-Q3"),
        ("Pacific/Kiritimati", "2026-06-30T10:00:00Z", "2026-Q3"),
        ("UTC", "2026-06-30T23:59:59Z", "2026-Q2"),
    ],
)
def test_an_instant_counts_in_the_quarter_of_its_local_day(zone: str, instant: str, key: str) -> None:
    calendar = Calendar(date(2026, 1, 1), zone, "quarter", 4)
    day = local_day(datetime.fromisoformat(instant), zone)
    assert calendar.periods[calendar.place_at(day)].key == key


def test_periods_are_found_by_their_keys() -> None:
    assert CALENDAR.place_of("2026-Q2") == 1
    assert CALENDAR.place_of("2026-Q3") is None


def test_the_gain_is_counted_from_the_baseline_over_the_covered_commitments() -> None:
    def gains(*commitments: str) -> list[Decimal]:
        term = GainShare(kind="gain_share", key="t", label="T", commitments=commitments, share=Decimal("0.1"))
        realised = [{"uptime": Decimal(900), "waste": Decimal(50)}, {"waste": Decimal(70)}]
        return AGREEMENT.gains_of(term, realised)

    assert gains("uptime") == [Decimal(675), Decimal(0)]
    assert gains("uptime", "waste") == [Decimal(725), Decimal(70)]


def test_what_others_are_told_of_a_promise_is_the_commitment() -> None:
    commitment = AGREEMENT.promises[0].commitment
    assert "at_baseline" not in commitment.model_dump()
    assert AGREEMENT.committed_value == Decimal(3600)
