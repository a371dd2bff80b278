from hypothesis import given
from hypothesis import strategies as st

from services.chassis.breaker import BreakerState, CircuitBreaker
from services.chassis.clock import MovableClock


def state_of(breaker: CircuitBreaker) -> BreakerState:
    return breaker.state


def opened(clock: MovableClock) -> CircuitBreaker:
    breaker = CircuitBreaker(failures_to_open=3, open_for_s=10, clock=clock)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    assert state_of(breaker) is BreakerState.OPEN
    return breaker


def test_only_failures_in_a_row_open_it() -> None:
    breaker = CircuitBreaker(failures_to_open=2, clock=MovableClock())
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert state_of(breaker) is BreakerState.CLOSED
    breaker.failed()
    assert state_of(breaker) is BreakerState.OPEN
    assert not breaker.allows()


def test_after_the_pause_one_trial_goes_and_its_success_closes() -> None:
    clock = MovableClock()
    breaker = opened(clock)
    clock.advance(10)
    assert breaker.allows()
    assert state_of(breaker) is BreakerState.HALF_OPEN
    assert not breaker.allows()
    breaker.succeeded()
    assert state_of(breaker) is BreakerState.CLOSED
    assert breaker.allows()


def test_a_failed_trial_opens_it_for_another_pause() -> None:
    clock = MovableClock()
    breaker = opened(clock)
    clock.advance(10)
    assert breaker.allows()
    breaker.failed()
    clock.advance(9)
    assert not breaker.allows()
    clock.advance(1)
    assert breaker.allows()


def test_a_trial_that_never_reports_blocks_nothing() -> None:
    clock = MovableClock()
    breaker = opened(clock)
    clock.advance(10)
    assert breaker.allows()
    clock.advance(10)
    assert breaker.allows()


def test_late_reports_of_earlier_calls_change_nothing_while_open() -> None:
    clock = MovableClock()
    breaker = opened(clock)
    clock.advance(5)
    breaker.succeeded()
    breaker.failed()
    assert state_of(breaker) is BreakerState.OPEN
    clock.advance(5)
    assert breaker.allows()


@given(st.lists(st.sampled_from(["ask", "succeed", "fail", "wait"])))
def test_whatever_happens_it_recovers_once_the_peer_answers(steps: list[str]) -> None:
    clock = MovableClock()
    breaker = CircuitBreaker(failures_to_open=2, open_for_s=10, clock=clock)
    for step in steps:
        match step:
            case "ask":
                breaker.allows()
            case "succeed":
                breaker.succeeded()
            case "fail":
                breaker.failed()
            case _:
                clock.advance(4)
    clock.advance(10)
    assert breaker.allows()
    breaker.succeeded()
    assert state_of(breaker) is BreakerState.CLOSED
