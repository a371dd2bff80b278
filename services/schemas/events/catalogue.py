"""The table of events: topology, documentation and tests are derived from it."""

from dataclasses import dataclass

from services.schemas.directory import SERVICES
from services.schemas.events import amplifier, architect, committer, executor, platform
from services.schemas.events.base import EventPayload


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One event type: its payload, the key of the service that emits it, the keys of its consumers."""

    payload: type[EventPayload]
    producer: str
    consumers: frozenset[str]

    @property
    def type(self) -> str:
        return self.payload.event_type

    @property
    def routing_key(self) -> str:
        return self.type.rpartition(".")[0]

    @property
    def summary(self) -> str:
        """What happened, in one line."""
        return " ".join((self.payload.__doc__ or "").split())


def _emitted_by(producer: str, *consumers: str, payloads: tuple[type[EventPayload], ...]) -> list[EventSpec]:
    return [EventSpec(payload, producer, frozenset(consumers)) for payload in payloads]


EVENTS: tuple[EventSpec, ...] = (
    *_emitted_by(
        "architect",
        *SERVICES,
        payloads=(platform.TenantProvisioned,),
    ),
    *_emitted_by(
        "architect",
        "notification",
        payloads=(
            architect.ModelReviewRequested,
            architect.HypothesisAccepted,
            architect.HypothesisRejected,
        ),
    ),
    *_emitted_by(
        "architect",
        "notification",
        "committer",
        payloads=(architect.ModelApproved, architect.ModelSuperseded),
    ),
    *_emitted_by(
        "committer",
        "notification",
        payloads=(
            committer.ContractApprovalRequested,
            committer.ContractSigned,
            committer.ContractActivated,
            committer.ContractActivationFailed,
            committer.SettlementIssued,
            committer.SettlementDisputed,
        ),
    ),
    *_emitted_by("committer", "notification", "architect", payloads=(committer.ContractCompleted,)),
    *_emitted_by(
        "committer",
        "notification",
        "architect",
        "executor",
        "amplifier",
        payloads=(committer.ContractTerminated,),
    ),
    *_emitted_by(
        "executor",
        "notification",
        payloads=(
            executor.PlanCreated,
            executor.PlanRebaselined,
            executor.PlanCancelled,
            executor.MilestoneAtRisk,
            executor.MilestoneBlocked,
        ),
    ),
    *_emitted_by("executor", "notification", "committer", payloads=(executor.PlanCompleted,)),
    *_emitted_by(
        "executor",
        "notification",
        "committer",
        "amplifier",
        payloads=(executor.MilestoneAccepted,),
    ),
    *_emitted_by("executor", "notification", "committer", payloads=(executor.MilestoneRejected,)),
    *_emitted_by(
        "amplifier",
        "notification",
        payloads=(
            amplifier.PeriodReviewRequested,
            amplifier.CommitmentMet,
            amplifier.CommitmentMissed,
            amplifier.CommitmentAtRisk,
        ),
    ),
    *_emitted_by(
        "amplifier",
        "notification",
        "committer",
        payloads=(amplifier.PeriodClosed, amplifier.PeriodRestated),
    ),
    *_emitted_by("amplifier", "notification", "architect", payloads=(amplifier.ProofPointPublished,)),
)

PAYLOADS: dict[str, EventSpec] = {spec.type: spec for spec in EVENTS}


def spec_of(payload: type[EventPayload] | EventPayload) -> EventSpec:
    """The table's row for a payload.

    Raises:
        KeyError: the type is not in the published language.
    """
    return PAYLOADS[payload.event_type]
