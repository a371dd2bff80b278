"""The envelope of every message: CloudEvents 1.0 in JSON, with the platform's extension attributes."""

from typing import Any, Literal, Self

from pydantic import Field, TypeAdapter

from services.schemas.base import Document, Id, Text, Timestamp

CONTENT_TYPE = "application/cloudevents+json"
REPLY_TYPE = "saga.reply.v1"


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


class CommandHeader(Document):
    """What a saga's command, and the reply to it, say beyond an event.

    `to` is the key of the one service that the message is for, `reply_to` of the one that waits for the reply
    (none answers a reply). `command_id` stays the same however often the command is sent (`attempt` counts),
    and its reply names it. `compensation` says that the command undoes its step. `deadline` is when the
    sender stops waiting for this attempt: a hint, as a later reply still counts.
    """

    to: str
    saga_id: Id
    step: str
    command_id: Id
    attempt: int = Field(ge=1)
    compensation: bool
    reply_to: str | None = None
    deadline: Timestamp | None = None


class CommandEnvelope(CommandHeader, Envelope):
    """A command or a reply; `subject` is the saga's id, so that one saga's messages keep their order."""


class Reply(Document):
    """The `data` of a reply: the command was done, or refused for a reason that a person understands."""

    outcome: Literal["done", "refused"]
    reason: Text | None = None

    @classmethod
    def done(cls) -> Self:
        return cls(outcome="done")

    @classmethod
    def refused(cls, reason: str) -> Self:
        return cls(outcome="refused", reason=reason)


_ANY_ENVELOPE: TypeAdapter[CommandEnvelope | Envelope] = TypeAdapter(CommandEnvelope | Envelope)


def parse_envelope(body: bytes) -> Envelope:
    """The envelope in a message: a command's where the header is there, else an event's.

    Raises:
        ValidationError: it is neither.
    """
    return _ANY_ENVELOPE.validate_json(body)


def envelope_from(document: dict[str, Any]) -> Envelope:
    """The same of a parsed document, as it was kept.

    Raises:
        ValidationError: it is neither.
    """
    return _ANY_ENVELOPE.validate_python(document)
