"""Preferences: by which channels a person is told of each type of event."""

from collections.abc import Collection, Mapping

from services.notification.domain.delivery import Channel
from services.notification.domain.routing import RULES

# A person's own to choose; webhooks are the tenant's.
PERSONAL = (Channel.IN_APP, Channel.EMAIL)

DEFAULTS: dict[str, tuple[Channel, ...]] = {
    payload.event_type: PERSONAL if rule.mail else (Channel.IN_APP,) for payload, rule in RULES.items()
}


def channels_of(event_type: str, choices: Mapping[str, Collection[str]]) -> tuple[Channel, ...]:
    """The channels of a type of event: those that were chosen, else the default.

    Raises:
        KeyError: nobody is told of the type.
    """
    if event_type not in choices:
        return DEFAULTS[event_type]
    return tuple(channel for channel in PERSONAL if channel in choices[event_type])
