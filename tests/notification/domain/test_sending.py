"""What follows from an attempt."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.delivery import Step
from services.notification.domain.sending import (
    MOST_ATTEMPTS,
    PAUSES,
    Outcome,
    Result,
    pause_after,
    step_after,
)


@pytest.mark.parametrize(
    ("result", "step"),
    [
        (Result.ACCEPTED, Step.DELIVER),
        (Result.FAILED, Step.POSTPONE),
        (Result.REFUSED, Step.GIVE_UP),
        (Result.GONE, Step.GIVE_UP),
        (Result.NOT_SENT, Step.SUPPRESS),
    ],
)
def test_a_first_attempt_leads_on(result: Result, step: Step) -> None:
    assert step_after(Outcome(result), 1) is step


def test_the_last_attempt_that_fails_ends_it() -> None:
    assert step_after(Outcome(Result.FAILED), MOST_ATTEMPTS - 1) is Step.POSTPONE
    assert step_after(Outcome(Result.FAILED), MOST_ATTEMPTS) is Step.GIVE_UP
    assert step_after(Outcome(Result.ACCEPTED), MOST_ATTEMPTS) is Step.DELIVER


def test_eight_attempts_take_about_21_hours() -> None:
    assert MOST_ATTEMPTS == 8
    assert timedelta(hours=20) < sum(PAUSES, timedelta()) < timedelta(hours=21)


@given(st.integers(1, 20), st.floats(0, 1))
def test_a_pause_is_shortened_by_a_fifth_at_most(attempts: int, jitter: float) -> None:
    longest = PAUSES[min(attempts, len(PAUSES)) - 1]
    assert longest * 0.8 <= pause_after(attempts, jitter) <= longest
    assert pause_after(attempts, 0) == longest
