"""The state machine of deliveries."""

import pytest

from services.notification.domain.delivery import (
    FIRST_STATE,
    TRANSITIONS,
    Channel,
    DeliveryState,
    ImpossibleStep,
    Step,
    after,
)


def test_every_channel_has_a_first_state() -> None:
    assert set(FIRST_STATE) == set(Channel)


def test_an_in_app_message_is_delivered_then_read_and_stays_so() -> None:
    state = FIRST_STATE[Channel.IN_APP]
    assert state is DeliveryState.DELIVERED
    for _ in range(2):
        state = after(state, Step.READ)
        assert state is DeliveryState.READ


def test_every_state_can_be_reached() -> None:
    assert set(FIRST_STATE.values()) | set(TRANSITIONS.values()) == set(DeliveryState)


def test_a_step_outside_the_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TRANSITIONS, (DeliveryState.READ, Step.READ))
    with pytest.raises(ImpossibleStep, match="nothing that is read can be read"):
        after(DeliveryState.READ, Step.READ)
