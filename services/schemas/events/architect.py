"""Events that the architect emits."""

from typing import ClassVar

from pydantic import Field

from services.schemas.base import Currency, Document, Finite, Id, Label, Text
from services.schemas.events.base import EventPayload


class Headline(Document):
    """The figures by which people know a model: NPV in `currency`, ROI as a ratio (3.2 is 320 %), payback in
    months from the start, null where it is never reached."""

    currency: Currency
    npv: Finite
    roi: Finite | None
    payback_months: Finite | None


class _ModelEvent(EventPayload):
    model_id: Id
    account_id: Id
    name: Label
    version: int = Field(ge=1, description="The version of the model that this is about.")
    version_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    owner: str = Field(description="The `sub` of whoever owns the model.")


class ModelReviewRequested(_ModelEvent):
    """A model's owner asks for its review."""

    event_type: ClassVar[str] = "architect.model.review-requested.v1"

    requested_by: str


class ModelApproved(_ModelEvent):
    """A second person approved a version of the model."""

    event_type: ClassVar[str] = "architect.model.approved.v1"

    approved_by: str
    headline: Headline


class ModelSuperseded(_ModelEvent):
    """An approved version was replaced by a newer approved one."""

    event_type: ClassVar[str] = "architect.model.superseded.v1"

    superseded_by_version: int = Field(ge=1)


class _HypothesisEvent(EventPayload):
    hypothesis_id: Id
    account_id: Id
    driver_key: str
    title: Label
    decided_by: str


class HypothesisAccepted(_HypothesisEvent):
    """A value hypothesis was accepted for an account."""

    event_type: ClassVar[str] = "architect.hypothesis.accepted.v1"


class HypothesisRejected(_HypothesisEvent):
    """A value hypothesis was rejected for an account, and why."""

    event_type: ClassVar[str] = "architect.hypothesis.rejected.v1"

    reason: Text
