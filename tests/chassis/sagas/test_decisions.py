"""The rules of sagas, in the language of the harness."""

from typing import Any

import pytest

from services.chassis.ids import new_id
from services.chassis.sagas import Saga, pivot, step
from services.chassis.sagas.decisions import Answered, Decision, NotPossible, decide
from tests.chassis.sagas.trips import (
    BOOK_TRIP,
    BookFlight,
    BookRoom,
    CancelFlight,
    CancelRoom,
    Pay,
    SendTicket,
    Trip,
    booked,
    booking,
    not_booked,
)
from tests.harness.sagas import SagaRun, given

TRIP = Trip(trip_id=new_id())


def trip() -> SagaRun:
    return given(BOOK_TRIP, TRIP)


def paid() -> SagaRun:
    return (
        trip()
        .expect(BookFlight)
        .reply_done()
        .expect(BookRoom)
        .reply_done()
        .expect(Pay)
        .reply_done()
        .expect(SendTicket)
    )


def test_all_done() -> None:
    paid().reply_done().expect_done()


def test_a_command_is_made_of_the_saga_s_data() -> None:
    trip().expect(BookFlight(trip_id=TRIP.trip_id, thing="flight"))


def test_a_refusal_undoes_what_was_done_in_reverse() -> None:
    (
        trip()
        .expect(BookFlight)
        .reply_done()
        .expect(BookRoom)
        .reply_done()
        .expect(Pay)
        .reply_refused("no credit")
        .expect(CancelRoom)
        .reply_done()
        .expect(CancelFlight)
        .reply_done()
        .expect_failed("no credit")
    )


def test_the_refused_step_itself_is_not_undone() -> None:
    trip().expect(BookFlight).reply_refused("sold out").expect_failed("sold out")


def test_a_step_without_an_answer_is_undone_too() -> None:
    (
        trip()
        .reply_done()
        .expect(BookRoom)
        .no_reply()
        .expect(CancelRoom)
        .reply_done()
        .expect(CancelFlight)
        .reply_done()
        .expect_failed("room: no answer in time.")
    )


def test_a_command_is_given_again_with_the_same_id() -> None:
    run = trip().expect(BookFlight)
    first = run.state
    run.time_passes().expect(BookFlight)
    assert run.state.command_id == first.command_id
    assert (first.attempt, run.state.attempt) == (1, 2)


def test_each_attempt_waits_longer() -> None:
    flight = BOOK_TRIP.steps[0]
    waits = [flight.patience_of(attempt) for attempt in range(1, 9)]
    assert [wait.total_seconds() for wait in waits] == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_pivot_without_an_answer_is_stuck_as_nobody_knows() -> None:
    trip().reply_done().reply_done().expect(Pay).no_reply().expect_stuck()


def test_an_answer_that_comes_after_all_frees_a_stuck_saga() -> None:
    stuck = trip().reply_done().reply_done().expect(Pay).no_reply().expect_stuck()
    stuck.reply_done().expect(SendTicket).reply_done().expect_done()


def test_after_the_pivot_a_refusal_is_answered_by_another_command_after_a_pause() -> None:
    run = paid()
    first = run.state.command_id
    run.reply_refused("printer on fire").expect_pause().time_passes().expect(SendTicket)
    assert run.state.command_id != first
    run.reply_done().expect_done()


def test_too_many_refusals_after_the_pivot_leave_the_saga_stuck_until_an_operator_retries() -> None:
    run = paid()
    for _ in range(BOOK_TRIP.steps[3].attempts - 1):
        run.reply_refused("printer on fire").expect_pause().time_passes().expect(SendTicket)
    run.reply_refused("printer on fire").expect_stuck()
    run.operator_retries().expect(SendTicket).reply_done().expect_done()


def test_a_compensation_that_is_refused_is_tried_again() -> None:
    run = trip().reply_done().reply_refused("full").expect(CancelFlight)
    run.reply_refused("not now").expect_pause().time_passes().expect(CancelFlight)
    run.no_reply().expect_stuck().operator_retries().expect(CancelFlight).reply_done().expect_failed("full")


def test_an_operator_orders_the_way_back() -> None:
    run = trip().reply_done().expect(BookRoom).operator_compensates("strike")
    run.expect(CancelRoom).reply_done().expect(CancelFlight).reply_done().expect_failed("strike")


def test_there_is_no_way_back_from_the_pivot_on() -> None:
    with pytest.raises(NotPossible, match="no way back from payment"):
        trip().reply_done().reply_done().expect(Pay).operator_compensates("strike")
    with pytest.raises(NotPossible, match="no way back from payment"):
        paid().operator_compensates("strike")


def test_what_has_ended_takes_no_orders() -> None:
    run = paid().reply_done()
    with pytest.raises(NotPossible, match="it is done"):
        run.operator_retries()


def test_a_reply_to_another_command_changes_nothing() -> None:
    state = trip().reply_done().state
    assert decide(BOOK_TRIP, state, Answered(new_id(), "no")) == Decision(state)
    old = trip().state.command_id
    assert decide(BOOK_TRIP, state, Answered(old, "no")) == Decision(state)


def saga_of(*steps: Any) -> Saga[Trip]:
    return Saga("any", owner="probe", data=Trip, steps=steps, on_done=booked, on_failed=not_booked)


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ((), "different names"),
        ((step("a", booking(Pay, "a")), step("a", booking(Pay, "a"))), "different names"),
        ((pivot("a", booking(Pay, "a")), pivot("b", booking(Pay, "b"))), "more than one pivot"),
        (
            (
                pivot("a", booking(Pay, "a")),
                step("b", booking(BookRoom, "b"), compensation=booking(CancelRoom, "b")),
            ),
            "after its pivot",
        ),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(steps: tuple[Any, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        saga_of(*steps)
