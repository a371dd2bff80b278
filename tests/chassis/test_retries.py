"""When a failing message is tried again."""

from datetime import timedelta

from services.chassis.retries import RetryPolicy, describe


def test_pauses_grow_to_the_last_and_then_the_message_is_dead() -> None:
    policy = RetryPolicy(delays=(timedelta(seconds=1), timedelta(seconds=5)), attempts=4)
    assert [policy.delay_after(attempt) for attempt in range(1, 6)] == [
        timedelta(seconds=1),
        timedelta(seconds=5),
        timedelta(seconds=5),
        None,
        None,
    ]


def test_an_error_is_one_bounded_line() -> None:
    assert describe(ValueError("first\n  second")) == "ValueError: first second"
    assert len(describe(ValueError("x" * 5000))) == 1000
