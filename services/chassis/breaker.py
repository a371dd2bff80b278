"""A circuit breaker: after failures in a row, spares a peer and the caller's patience for a while. No I/O."""

from enum import StrEnum

from services.chassis.clock import SYSTEM_CLOCK, Clock


class BreakerState(StrEnum):
    """Closed: calls pass. Open: they do not. Half open: one trial call is out."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


class CircuitBreaker:
    """Opens after `failures_to_open` failures in a row; then lets one trial call through every `open_for_s`.

    A trial's success closes it, a trial's failure opens it again. A trial that never reports (its caller was
    cancelled) blocks nothing: the next one may go after another `open_for_s`. What calls from before the
    opening report meanwhile does not count.
    """

    def __init__(
        self, *, failures_to_open: int = 5, open_for_s: float = 10.0, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._failures_to_open = failures_to_open
        self._open_for_s = open_for_s
        self._clock = clock
        self._failures = 0
        self._since = 0.0
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        return self._state

    def allows(self) -> bool:
        """Whether a call may go now; asking when it may go as a trial takes that trial."""
        if self._state is BreakerState.CLOSED:
            return True
        if self._clock.monotonic() - self._since < self._open_for_s:
            return False
        self._move_to(BreakerState.HALF_OPEN)
        return True

    def succeeded(self) -> None:
        """A call was answered."""
        if self._state is not BreakerState.OPEN:
            self._failures = 0
            self._move_to(BreakerState.CLOSED)

    def failed(self) -> None:
        """A call got no answer, or one that says that the peer is not able to answer."""
        if self._state is BreakerState.OPEN:
            return
        self._failures += 1
        if self._state is BreakerState.HALF_OPEN or self._failures >= self._failures_to_open:
            self._move_to(BreakerState.OPEN)

    def _move_to(self, state: BreakerState) -> None:
        self._state = state
        self._since = self._clock.monotonic()
