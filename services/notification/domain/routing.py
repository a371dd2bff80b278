"""Who is told about which event, as one table."""

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
class Rule:
    """Who is told: those whom the fields `people` name by `sub`, and everybody who holds one of the `roles`,
    but nobody whom a field of `but_not` names.

    An event that asks for something says by which later events of the same aggregate that is settled
    (`settled_by`): it comes too late after one of these.
    """

    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    but_not: tuple[str, ...] = ()
    settled_by: tuple[type[EventPayload], ...] = ()


RULES: dict[type[EventPayload], Rule] = {
    # A model's owner cannot approve it, whoever asked for the review.
    ModelReviewRequested: Rule(
        roles=("approver",), but_not=("requested_by", "owner"), settled_by=(ModelApproved,)
    ),
    ModelApproved: Rule(people=("owner",)),
    ModelSuperseded: Rule(people=("owner",)),
    HypothesisAccepted: Rule(roles=("value-engineer",), but_not=("decided_by",)),
    HypothesisRejected: Rule(roles=("value-engineer",), but_not=("decided_by",)),
}

# The fields of payloads that name a person by `sub`.
PEOPLE = ("owner", "requested_by", "approved_by", "decided_by")


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom an event concerns: some by `sub`, some by role, without those who know already."""

    subs: frozenset[str]
    roles: frozenset[str]
    without: frozenset[str]


def audience_of(payload: EventPayload, *, actor: str) -> Audience:
    """Whom an event concerns; nobody is told of what they did themselves.

    Raises:
        KeyError: the table has no rule for the event.
    """
    rule = RULES[type(payload)]
    without = {actor, *(getattr(payload, field) for field in rule.but_not)}
    subs = {getattr(payload, field) for field in rule.people} - without
    return Audience(frozenset(subs), frozenset(rule.roles), frozenset(without))


def people_in(payload: EventPayload) -> dict[str, str]:
    """The subs of the people whom an event names, by field."""
    return {field: getattr(payload, field) for field in PEOPLE if hasattr(payload, field)}
