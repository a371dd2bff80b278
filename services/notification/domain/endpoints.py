"""Endpoints: where a tenant's webhooks go, and when one that does not answer is left alone."""

from datetime import datetime, timedelta
from enum import StrEnum

# How long an endpoint may fail without one success between.
FAILING_FOR = timedelta(days=3)

# How long a secret stays valid after it was replaced: both sign meanwhile.
OVERLAP = timedelta(hours=24)


class EndpointState(StrEnum):
    """Whether events are sent there."""

    ACTIVE = "active"
    DISABLED = "disabled"


class Disabled(StrEnum):
    """Why nothing is sent there."""

    BY_HAND = "by-hand"
    GONE = "gone"
    """The receiver answered 410."""
    FAILING = "failing"
    """It failed for three days without one success."""


def is_given_up(failing_since: datetime, now: datetime) -> bool:
    """Whether an endpoint that has failed since then is disabled."""
    return now - failing_since >= FAILING_FOR
