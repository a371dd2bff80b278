import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.deadline import LONGEST_MS, Deadline, current_deadline, deadline_scope
from services.chassis.problems import DeadlineExceeded


@given(st.integers(min_value=1, max_value=10**12))
def test_a_header_gives_that_time_and_at_most_ten_minutes(milliseconds: int) -> None:
    deadline = Deadline.from_header(str(milliseconds))
    assert deadline is not None
    assert deadline.remaining() <= min(milliseconds, LONGEST_MS) / 1000


@pytest.mark.parametrize("value", ["", "0", "-5", "1.5", "1e3", "soon", " 5", "٣"])
def test_a_header_that_is_no_whole_positive_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="X-Timeout-Ms"):
        Deadline.from_header(value)


def test_no_header_is_no_deadline() -> None:
    assert Deadline.from_header(None) is None


def test_what_is_left_travels_on_and_never_grows() -> None:
    deadline = Deadline.after(1500)
    assert 1 <= int(deadline.header()) <= 1500
    onward = Deadline.from_header(deadline.header())
    assert onward is not None
    assert onward.remaining() <= 1.5
    assert Deadline.after(-5).remaining() == 0
    assert Deadline.after(-5).expired
    assert Deadline.after(-5).header() == "1"


async def test_work_past_the_deadline_is_stopped() -> None:
    stopped = False

    async def work() -> None:
        nonlocal stopped
        async with deadline_scope(Deadline.after(20)):
            try:
                await asyncio.Event().wait()
            finally:
                stopped = True

    with pytest.raises(DeadlineExceeded):
        await work()
    assert stopped
    assert current_deadline() is None


async def test_the_earlier_of_two_deadlines_holds() -> None:
    early, late = Deadline.after(60_000), Deadline.after(120_000)
    async with deadline_scope(early):
        async with deadline_scope(late):
            assert current_deadline() == early
        async with deadline_scope(None):
            assert current_deadline() == early
    async with deadline_scope(late), deadline_scope(early):
        assert current_deadline() == early
    assert current_deadline() is None


async def test_a_timeout_of_the_work_itself_stays_a_timeout() -> None:
    async def work() -> None:
        async with deadline_scope(Deadline.after(60_000)), asyncio.timeout(0.001):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await work()
