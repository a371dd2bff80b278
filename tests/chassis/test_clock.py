from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.clock import SYSTEM_CLOCK, Clock, MovableClock


@pytest.mark.parametrize("clock", [SYSTEM_CLOCK, MovableClock()], ids=["system", "movable"])
def test_a_clock_tells_an_aware_time_and_seconds_that_do_not_go_back(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


def test_a_movable_clock_stands_still_until_it_is_advanced() -> None:
    clock = MovableClock(datetime(2026, 3, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(timedelta(days=1))
    clock.advance(1.5)
    assert clock.now() == datetime(2026, 3, 2, 0, 0, 1, 500_000, tzinfo=UTC)
    assert clock.monotonic() == 86_401.5


def test_a_movable_clock_neither_goes_back_nor_starts_without_a_zone() -> None:
    with pytest.raises(ValueError, match="never goes back"):
        MovableClock().advance(-1)
    with pytest.raises(ValueError, match="aware"):
        MovableClock(datetime(2026, 1, 1))  # noqa: DTZ001  # the very mistake
