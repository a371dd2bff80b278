"""Deliveries: what becomes of a message on each channel, as tables of transitions.

In-app, a message is there as soon as it is written:

    delivered --read--> read

By e-mail and webhook it is sent, at least once:

    pending --take--> sending --deliver--> delivered --replay--> pending
                      ^  |  |--postpone--> retrying
                      |  |  |--give up---> dead       --replay--> pending
                      |  |  +--suppress--> suppressed --replay--> pending
                      |  +--take (its lease ran out)
                      +--take-- retrying

Whoever takes a delivery holds it by a lease. One that dies between sending and noting it leaves a delivery
that the next one sends again, with the same id: receivers tell the repetition by it.
"""

from collections.abc import Mapping
from enum import StrEnum


class Channel(StrEnum):
    """A way to reach somebody."""

    IN_APP = "in-app"
    EMAIL = "email"
    WEBHOOK = "webhook"


class DeliveryState(StrEnum):
    """How far a message has come on its channel."""

    PENDING = "pending"
    SENDING = "sending"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    READ = "read"
    DEAD = "dead"
    SUPPRESSED = "suppressed"


class Step(StrEnum):
    """What happens to a delivery."""

    READ = "read"
    TAKE = "taken"
    DELIVER = "delivered"
    POSTPONE = "postponed"
    GIVE_UP = "given up"
    SUPPRESS = "suppressed"
    REPLAY = "replayed"


class ImpossibleStep(Exception):
    """The step does not follow from the state."""


Transitions = Mapping[tuple[DeliveryState, Step], DeliveryState]

FIRST_STATE: dict[Channel, DeliveryState] = {
    Channel.IN_APP: DeliveryState.DELIVERED,
    Channel.EMAIL: DeliveryState.PENDING,
    Channel.WEBHOOK: DeliveryState.PENDING,
}

IN_APP: Transitions = {
    (DeliveryState.DELIVERED, Step.READ): DeliveryState.READ,
    (DeliveryState.READ, Step.READ): DeliveryState.READ,
}

SENT: Transitions = {
    (DeliveryState.PENDING, Step.TAKE): DeliveryState.SENDING,
    (DeliveryState.RETRYING, Step.TAKE): DeliveryState.SENDING,
    (DeliveryState.SENDING, Step.TAKE): DeliveryState.SENDING,
    (DeliveryState.SENDING, Step.DELIVER): DeliveryState.DELIVERED,
    (DeliveryState.SENDING, Step.POSTPONE): DeliveryState.RETRYING,
    (DeliveryState.SENDING, Step.GIVE_UP): DeliveryState.DEAD,
    (DeliveryState.SENDING, Step.SUPPRESS): DeliveryState.SUPPRESSED,
    (DeliveryState.DELIVERED, Step.REPLAY): DeliveryState.PENDING,
    (DeliveryState.DEAD, Step.REPLAY): DeliveryState.PENDING,
    (DeliveryState.SUPPRESSED, Step.REPLAY): DeliveryState.PENDING,
}

TRANSITIONS: dict[Channel, Transitions] = {
    Channel.IN_APP: IN_APP,
    Channel.EMAIL: SENT,
    Channel.WEBHOOK: SENT,
}

# Those that somebody is to take.
OUTSTANDING = frozenset(state for state, step in SENT if step is Step.TAKE)


def after(channel: Channel, state: DeliveryState, step: Step) -> DeliveryState:
    """The state that a step leads to.

    Raises:
        ImpossibleStep: the channel's table has no such transition.
    """
    try:
        return TRANSITIONS[channel][state, step]
    except KeyError:
        raise ImpossibleStep(f"Nothing that is {state} by {channel} can be {step}.") from None
