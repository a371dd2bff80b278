"""The envelope of every event: CloudEvents 1.0 in JSON, with the platform's extension attributes."""

from typing import Any, Literal

from pydantic import Field

from services.schemas.base import Document, Id, Timestamp

CONTENT_TYPE = "application/cloudevents+json"


class Envelope(Document):
    """A CloudEvents 1.0 event.

    `subject` is the aggregate's id; `sequence` counts that aggregate's events densely from 1, so that a
    consumer can tell an older event from a newer one and see a gap. `tenant` and `actor` say for whom and by
    whom it happened; people are named by `sub`, never by address. `traceparent` continues the producer's
    trace (W3C).
    """

    specversion: Literal["1.0"] = "1.0"
    id: Id
    type: str = Field(
        pattern=r"^[a-z-]+(\.[a-z-]+)+\.v[1-9][0-9]*$", examples=["architect.model.approved.v1"]
    )
    source: str = Field(examples=["value-architect"])
    subject: str
    time: Timestamp
    datacontenttype: Literal["application/json"] = "application/json"
    tenant: Id
    actor: str
    sequence: int = Field(ge=1)
    traceparent: str | None = None
    data: dict[str, Any]

    @property
    def routing_key(self) -> str:
        """The type without its version: what queues are bound by."""
        return self.type.rpartition(".")[0]
