"""The state machine of deliveries: random lives of one do what the tables say, and no more."""

from collections.abc import Mapping

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.notification.domain.delivery import (
    FIRST_STATE,
    OUTSTANDING,
    TRANSITIONS,
    Channel,
    DeliveryState,
    ImpossibleStep,
    Step,
    after,
)
from services.notification.domain.sending import MOST_ATTEMPTS, Outcome, Result, step_after

AT_REST = {DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.SUPPRESSED}


class Sending(RuleBasedStateMachine):
    """A delivery, two senders that take it by lease and may die or come late, and an operator."""

    def __init__(self) -> None:
        super().__init__()
        self.state = FIRST_STATE[Channel.EMAIL]
        self.attempts = 0
        self.lease: str | None = None
        self.held: dict[str, int] = {}
        self.accepted = 0

    def _step(self, step: Step) -> None:
        self.state = after(Channel.EMAIL, self.state, step)

    @precondition(lambda self: self.state in OUTSTANDING)
    @rule(sender=st.sampled_from(["one", "two"]))
    def take(self, sender: str) -> None:
        """It was due, or its lease ran out."""
        self._step(Step.TAKE)
        self.attempts += 1
        self.lease = sender
        self.held[sender] = self.attempts

    @precondition(lambda self: self.held)
    @rule(data=st.data(), result=st.sampled_from(Result))
    def settle(self, data: st.DataObject, result: Result) -> None:
        """Whoever still believes to hold it brings the result; only the lease's holder is heard."""
        sender = data.draw(st.sampled_from(sorted(self.held)))
        del self.held[sender]
        self.accepted += result is Result.ACCEPTED
        if sender != self.lease:
            return
        self._step(step_after(Outcome(result), self.attempts))
        self.lease = None

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """Without a word: the lease is still in the database."""
        del self.held[data.draw(st.sampled_from(sorted(self.held)))]

    @rule()
    def replay(self) -> None:
        if self.state in AT_REST:
            self._step(Step.REPLAY)
            self.attempts = 0
        else:
            with pytest.raises(ImpossibleStep):
                self._step(Step.REPLAY)

    @invariant()
    def it_is_leased_exactly_while_it_is_sent(self) -> None:
        assert (self.lease is not None) == (self.state is DeliveryState.SENDING)

    @invariant()
    def nothing_is_called_delivered_that_nobody_accepted(self) -> None:
        assert self.state is not DeliveryState.DELIVERED or self.accepted

    @invariant()
    def what_failed_too_often_waits_no_longer(self) -> None:
        assert self.state is not DeliveryState.RETRYING or self.attempts < MOST_ATTEMPTS


TestSending = Sending.TestCase


def test_every_channel_has_a_table_and_a_first_state() -> None:
    assert set(FIRST_STATE) == set(TRANSITIONS) == set(Channel)


@pytest.mark.parametrize("channel", Channel)
def test_every_state_of_a_channel_can_be_reached(channel: Channel) -> None:
    table: Mapping[tuple[DeliveryState, Step], DeliveryState] = TRANSITIONS[channel]
    reached = {FIRST_STATE[channel]}
    for _ in table:
        reached |= {to for (state, _), to in table.items() if state in reached}
    assert reached == {state for state, _ in table} | set(table.values())


def test_an_in_app_message_is_delivered_then_read_and_stays_so() -> None:
    state = FIRST_STATE[Channel.IN_APP]
    assert state is DeliveryState.DELIVERED
    for _ in range(2):
        state = after(Channel.IN_APP, state, Step.READ)
        assert state is DeliveryState.READ


def test_a_step_outside_the_table_is_refused() -> None:
    with pytest.raises(ImpossibleStep, match=r"Nothing that is read by in-app can be replayed\."):
        after(Channel.IN_APP, DeliveryState.READ, Step.REPLAY)
