"""Deliveries: what becomes of a message on each channel, as a table of transitions."""

from enum import StrEnum


class Channel(StrEnum):
    """A way to reach somebody."""

    IN_APP = "in-app"


class DeliveryState(StrEnum):
    """How far a message has come on its channel."""

    DELIVERED = "delivered"
    READ = "read"


class Step(StrEnum):
    """What happens to a delivery."""

    READ = "read"


class ImpossibleStep(Exception):
    """The step does not follow from the state."""


# The inbox needs no sending: a message is there as soon as it is written.
FIRST_STATE: dict[Channel, DeliveryState] = {Channel.IN_APP: DeliveryState.DELIVERED}

TRANSITIONS: dict[tuple[DeliveryState, Step], DeliveryState] = {
    (DeliveryState.DELIVERED, Step.READ): DeliveryState.READ,
    (DeliveryState.READ, Step.READ): DeliveryState.READ,
}


def after(state: DeliveryState, step: Step) -> DeliveryState:
    """The state that a step leads to.

    Raises:
        ImpossibleStep: the table has no such transition.
    """
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise ImpossibleStep(f"nothing that is {state} can be {step}") from None
