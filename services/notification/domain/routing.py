"""Who is told about which event, as one table."""

from dataclasses import dataclass
from uuid import UUID

from services.schemas.events import EventPayload
from services.schemas.events.amplifier import (
    CommitmentAtRisk,
    CommitmentMet,
    CommitmentMissed,
    PeriodClosed,
    PeriodRestated,
    PeriodReviewRequested,
    ProofPointPublished,
)
from services.schemas.events.architect import (
    HypothesisAccepted,
    HypothesisRejected,
    ModelApproved,
    ModelReviewRequested,
    ModelSuperseded,
)
from services.schemas.events.committer import (
    ContractActivated,
    ContractActivationFailed,
    ContractApprovalRequested,
    ContractCompleted,
    ContractSigned,
    ContractTerminated,
    SettlementDisputed,
    SettlementIssued,
)
from services.schemas.events.executor import (
    MilestoneAccepted,
    MilestoneAtRisk,
    MilestoneBlocked,
    MilestoneRejected,
    PlanCancelled,
    PlanCompleted,
    PlanCreated,
    PlanRebaselined,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is told: those whom the fields `people` name by `sub`, and everybody who holds one of the `roles`,
    but nobody whom a field of `but_not` names.

    An event that asks for something says by which later events of the same aggregate that is settled
    (`settled_by`): it comes too late after one of these. What asks something of people or is about money also
    comes by e-mail (`mail`), unless they choose otherwise.
    """

    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    but_not: tuple[str, ...] = ()
    settled_by: tuple[type[EventPayload], ...] = ()
    mail: bool = False


# No rule names customers by their role: it would tell each of them of the others' contracts.
RULES: dict[type[EventPayload], Rule] = {
    # A model's owner cannot approve it, whoever asked for the review.
    ModelReviewRequested: Rule(
        roles=("approver",),
        but_not=("requested_by", "owner"),
        settled_by=(ModelApproved,),
        mail=True,
    ),
    ModelApproved: Rule(people=("owner",)),
    ModelSuperseded: Rule(people=("owner",)),
    HypothesisAccepted: Rule(roles=("value-engineer",), but_not=("decided_by",)),
    HypothesisRejected: Rule(roles=("value-engineer",), but_not=("decided_by",)),
    ContractApprovalRequested: Rule(
        roles=("approver",),
        but_not=("requested_by", "owner"),
        settled_by=(ContractSigned,),
        mail=True,
    ),
    ContractSigned: Rule(people=("owner",), mail=True),
    ContractActivated: Rule(people=("owner",), roles=("delivery-manager", "success-lead"), mail=True),
    ContractActivationFailed: Rule(people=("owner",), roles=("operator",), mail=True),
    ContractCompleted: Rule(people=("owner",), roles=("success-lead",)),
    ContractTerminated: Rule(people=("owner",), roles=("delivery-manager", "success-lead"), mail=True),
    SettlementIssued: Rule(people=("owner",), roles=("success-lead",), mail=True),
    SettlementDisputed: Rule(people=("owner",), roles=("success-lead",), but_not=("disputed_by",), mail=True),
    PlanCreated: Rule(people=("owner",), mail=True),
    PlanRebaselined: Rule(people=("owner",), roles=("deal-manager",), but_not=("rebaselined_by",)),
    PlanCompleted: Rule(people=("owner",), roles=("deal-manager", "success-lead")),
    PlanCancelled: Rule(people=("owner",)),
    MilestoneAtRisk: Rule(people=("owner",), roles=("deal-manager",), mail=True),
    MilestoneAccepted: Rule(
        people=("owner",),
        roles=("deal-manager", "success-lead"),
        but_not=("accepted_by",),
        mail=True,
    ),
    MilestoneBlocked: Rule(people=("owner",), roles=("deal-manager",), but_not=("blocked_by",), mail=True),
    MilestoneRejected: Rule(people=("owner",), but_not=("rejected_by",), mail=True),
    # Not settled by the period's closing: another period of the same plan may close meanwhile.
    PeriodReviewRequested: Rule(roles=("approver",), but_not=("requested_by", "owner"), mail=True),
    PeriodClosed: Rule(people=("owner",), roles=("deal-manager",), but_not=("closed_by",), mail=True),
    PeriodRestated: Rule(people=("owner",), roles=("deal-manager",), but_not=("restated_by",), mail=True),
    CommitmentMet: Rule(people=("owner",), roles=("deal-manager",)),
    CommitmentMissed: Rule(people=("owner",), roles=("deal-manager", "delivery-manager"), mail=True),
    CommitmentAtRisk: Rule(people=("owner",), roles=("delivery-manager",), mail=True),
    ProofPointPublished: Rule(roles=("value-engineer",), but_not=("published_by",)),
}

# The fields of payloads that name a person by `sub`.
PEOPLE = (
    "owner",
    "requested_by",
    "approved_by",
    "decided_by",
    "disputed_by",
    "rebaselined_by",
    "accepted_by",
    "blocked_by",
    "rejected_by",
    "closed_by",
    "restated_by",
    "published_by",
)


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


def things_in(payload: EventPayload) -> frozenset[UUID]:
    """The ids of what an event is about: an account, a contract, a plan …"""
    return frozenset(value for _, value in payload if isinstance(value, UUID))


def people_in(payload: EventPayload) -> dict[str, str]:
    """The subs of the people whom an event names, by field."""
    return {field: getattr(payload, field) for field in PEOPLE if hasattr(payload, field)}
