"""Time as a seam: the system's clock, or one that tests move."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol


class Clock(Protocol):
    """Tells the time. Waiting is not its business: a wait ends by an event or a timeout of the event loop."""

    def now(self) -> datetime:
        """The time in UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed point, never going back: for measuring, not for telling the time."""
        ...


class SystemClock:
    """The time of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class MovableClock:
    """A clock that stands still until it is advanced: both of its readings move together."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware time")
        self._start = start.astimezone(UTC)
        self._elapsed = timedelta()

    def now(self) -> datetime:
        return self._start + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed.total_seconds()

    def advance(self, by: timedelta | float) -> None:
        """Moves the clock forward by a duration, or by seconds."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if step < timedelta():
            raise ValueError("a clock never goes back")
        self._elapsed += step


SYSTEM_CLOCK: Final = SystemClock()
