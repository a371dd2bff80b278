from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.clock import SYSTEM_CLOCK, MovableClock


def test_the_system_clock_tells_an_aware_time_that_does_not_go_back() -> None:
    assert SYSTEM_CLOCK.now().tzinfo is UTC
    assert SYSTEM_CLOCK.monotonic() <= SYSTEM_CLOCK.monotonic()


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
