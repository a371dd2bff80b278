"""The envelope of every event: CloudEvents 1.0 in JSON, with the platform's extension attributes."""

from typing import Any, Literal

from pydantic import Field

from services.schemas.base import Document, Id, Timestamp

CONTENT_TYPE = "application/cloudevents+json"


class Envelope(Document):
    """A CloudEvents 1.0 event. People are named by `sub` and roles by name, never by address."""

    specversion: Literal["1.0"] = "1.0"
    id: Id = Field(description="The event's own; what comes again carries the same.")
    type: str = Field(
        pattern=r"^[a-z-]+(\.[a-z-]+)+\.v[1-9][0-9]*$", examples=["architect.model.approved.v1"]
    )
    source: str = Field(examples=["value-architect"], description="The service that emitted it.")
    subject: str = Field(description="The id of the aggregate that it is about.")
    time: Timestamp = Field(description="When it happened, in UTC.")
    datacontenttype: Literal["application/json"] = "application/json"
    tenant: Id = Field(description="For whom it happened.")
    actor: str = Field(description="By whom: a `sub`, or a service's name.")
    sequence: int = Field(
        ge=1,
        description="Counts the aggregate's events densely from 1: tells an older one from a newer one, and "
        "shows a gap.",
    )
    traceparent: str | None = Field(
        default=None, description="Continues the producer's trace (W3C Trace Context)."
    )
    data: dict[str, Any] = Field(description="The payload, as the type says.")

    @property
    def routing_key(self) -> str:
        """The type without its version: what queues are bound by."""
        return self.type.rpartition(".")[0]
