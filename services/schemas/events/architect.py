"""Events that the architect emits."""

from typing import ClassVar

from pydantic import Field

from services.schemas.base import Currency, Document, Finite, Id, Label, Text
from services.schemas.events.base import EventPayload


class Headline(Document):
    """The figures by which people know a model."""

    currency: Currency
    npv: Finite = Field(description="Net present value, in `currency`.")
    roi: Finite | None = Field(description="A ratio: 3.2 is 320 %.")
    payback_months: Finite | None = Field(description="From the start; null where it is never reached.")


class _ModelEvent(EventPayload):
    model_id: Id
    account_id: Id
    name: Label
    version: int = Field(ge=1, description="The version of the model that this is about.")
    version_hash: str = Field(
        pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the version's canonical JSON (RFC 8785)."
    )
    owner: str = Field(description="The `sub` of whoever owns the model.")


class ModelReviewRequested(_ModelEvent):
    """A model's owner asks for its review."""

    event_type: ClassVar[str] = "architect.model.review-requested.v1"

    requested_by: str = Field(description="The `sub` of whoever asks.")


class ModelApproved(_ModelEvent):
    """A second person approved a version of the model."""

    event_type: ClassVar[str] = "architect.model.approved.v1"

    approved_by: str = Field(description="The `sub` of the second person.")
    headline: Headline


class ModelSuperseded(_ModelEvent):
    """An approved version was replaced by a newer approved one."""

    event_type: ClassVar[str] = "architect.model.superseded.v1"

    superseded_by_version: int = Field(ge=1, description="The version that counts from now on.")


class _HypothesisEvent(EventPayload):
    hypothesis_id: Id
    account_id: Id
    driver_key: str = Field(description="The driver that was proposed.")
    title: Label
    decided_by: str = Field(description="The `sub` of whoever decided.")


class HypothesisAccepted(_HypothesisEvent):
    """A value hypothesis was accepted for an account."""

    event_type: ClassVar[str] = "architect.hypothesis.accepted.v1"


class HypothesisRejected(_HypothesisEvent):
    """A value hypothesis was rejected for an account, and why."""

    event_type: ClassVar[str] = "architect.hypothesis.rejected.v1"

    reason: Text
