"""Sending: what is handed to a channel, what can come of an attempt, and what follows from it."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from services.notification.domain.delivery import Step
from services.notification.domain.unsubscribing import Unsubscription

# After which pauses an attempt is made again: eight attempts over about 21 hours.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
MOST_ATTEMPTS = len(PAUSES) + 1

# A pause is shortened by up to this share, so that what failed together does not come again together.
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail to one person; `link` is a path of the API, `unsubscription` what ends mail of its kind."""

    delivery_id: UUID
    unsubscription: Unsubscription
    name: str
    address: str
    title: str
    body: str
    link: str


@dataclass(frozen=True, slots=True)
class Call:
    """A webhook's call; `secrets` are all that its receiver may hold just now."""

    delivery_id: UUID
    endpoint_id: UUID
    url: str
    body: bytes
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unsendable:
    """There is nowhere to send it to, and why."""

    reason: str


Parcel = Letter | Call | Unsendable


class Result(StrEnum):
    """How an attempt ended."""

    ACCEPTED = "accepted"
    """The receiver has it."""
    FAILED = "failed"
    """It may succeed later."""
    REFUSED = "refused"
    """The receiver will never take it: for e-mail, the address takes none at all."""
    GONE = "gone"
    """The webhook's receiver wants no more of any."""
    NOT_SENT = "not sent"
    """There was nowhere to send it to."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended, and why, in words for an operator."""

    result: Result
    reason: str | None = None


def step_after(outcome: Outcome, attempts: int) -> Step:
    """What becomes of a delivery after its `attempts`th attempt (from 1)."""
    match outcome.result:
        case Result.ACCEPTED:
            return Step.DELIVER
        case Result.NOT_SENT:
            return Step.SUPPRESS
        case Result.FAILED if attempts < MOST_ATTEMPTS:
            return Step.POSTPONE
        case _:
            return Step.GIVE_UP


def pause_after(attempts: int, jitter: float) -> timedelta:
    """How long to wait after the `attempts`th attempt (from 1); `jitter` is drawn from 0 to 1."""
    return PAUSES[min(attempts, len(PAUSES)) - 1] * (1 - _JITTER * jitter)
