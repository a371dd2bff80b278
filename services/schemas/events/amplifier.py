"""Events that the amplifier emits."""

from typing import Annotated, ClassVar

from pydantic import Field

from services.schemas.base import DecimalText, Document, Id, Key, Label
from services.schemas.events.base import EventPayload
from services.schemas.money import Money


class _SuccessPlanEvent(EventPayload):
    success_plan_id: Id
    contract_id: Id
    name: Label
    owner: str


class RealisedValue(Document):
    """What one commitment brought in a period: `realised` and `committed` in the contract's currency, rounded
    once, half-even, to minor units. `measured` is the KPI's aggregate, null where nothing was measured."""

    commitment_id: Id
    commitment: Key
    driver_key: Key
    measured: DecimalText | None
    committed: Money
    realised: Money


class PeriodReviewRequested(_SuccessPlanEvent):
    """A period's figures wait for a second person."""

    event_type: ClassVar[str] = "amplifier.period.review-requested.v1"

    period: str
    requested_by: str


class PeriodClosed(_SuccessPlanEvent):
    """A second person closed a period: its realised values are settled by them."""

    event_type: ClassVar[str] = "amplifier.period.closed.v1"

    period: str
    closed_by: str
    values: Annotated[tuple[RealisedValue, ...], Field(strict=False)]


class PeriodRestated(_SuccessPlanEvent):
    """A late correction changed a closed period: `values` replace those known before."""

    event_type: ClassVar[str] = "amplifier.period.restated.v1"

    period: str
    restated_by: str
    values: Annotated[tuple[RealisedValue, ...], Field(strict=False)]


class _CommitmentEvent(_SuccessPlanEvent):
    commitment_id: Id
    commitment: Key
    label: Label
    period: str


class CommitmentMet(_CommitmentEvent):
    """The target was reached, within its tolerance, in the period in which it was due."""

    event_type: ClassVar[str] = "amplifier.commitment.met.v1"


class CommitmentMissed(_CommitmentEvent):
    """The target was not reached when it was due."""

    event_type: ClassVar[str] = "amplifier.commitment.missed.v1"


class CommitmentAtRisk(_CommitmentEvent):
    """Less than committed was realised in a period before the target is due."""

    event_type: ClassVar[str] = "amplifier.commitment.at-risk.v1"


class ProofPointPublished(_SuccessPlanEvent):
    """A driver's realised figure, fit to move the library's benchmark. `measured` is the KPI reached, in the
    unit of the driver's `input` that it replaces."""

    event_type: ClassVar[str] = "amplifier.proof-point.published.v1"

    proof_point_id: Id
    driver_key: Key
    input: Key
    metric: Key
    measured: DecimalText
    realised: Money
    periods: Annotated[tuple[str, ...], Field(strict=False)]
    published_by: str
