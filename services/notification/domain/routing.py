"""Who is told about an event: the people it names, and those who hold a role, but never who caused it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from services.schemas.events import EventPayload
from services.schemas.events.architect import (
    HypothesisAccepted,
    HypothesisRejected,
    ModelApproved,
    ModelReviewRequested,
    ModelSuperseded,
)


@dataclass(frozen=True, slots=True)
class Audience:
    """The people named by `sub`, and the roles whose holders are told too."""

    subs: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


def audience_of(payload: EventPayload) -> Audience:
    """Whom an event concerns.

    Raises:
        KeyError: no rule is written for the event.
    """
    return _RULES[type(payload)](payload)


def recipients(audience: Audience, holders: Mapping[str, Iterable[str]], *, actor: str) -> frozenset[str]:
    """The subs to tell: the named ones and the holders of the roles, without the one who did it."""
    by_role = {sub for role in audience.roles for sub in holders.get(role, ())}
    return frozenset((audience.subs | by_role) - {actor})


_RULES: dict[type[EventPayload], Callable[..., Audience]] = {
    ModelReviewRequested: lambda _: Audience(roles=frozenset({"approver"})),
    ModelApproved: lambda event: Audience(subs=frozenset({event.owner})),
    ModelSuperseded: lambda event: Audience(subs=frozenset({event.owner})),
    HypothesisAccepted: lambda _: Audience(roles=frozenset({"value-engineer"})),
    HypothesisRejected: lambda _: Audience(roles=frozenset({"value-engineer"})),
}
