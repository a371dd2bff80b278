"""The error document of every service: RFC 9457 problem details."""

from pydantic import Field

from services.schemas.base import Document


class FieldError(Document):
    """One bad field: `pointer` is an RFC 6901 JSON pointer into the request body, or `/query/<name>` and the
    like for what is not in the body."""

    pointer: str = Field(examples=["/inputs/hours/value"])
    detail: str = Field(examples=["Input should be a valid number"])


class ProblemDocument(Document):
    """An RFC 9457 problem: `code` is stable and for programs, `detail` is for people."""

    type: str = Field(examples=["urn:valueverse:problem:not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(ge=400, le=599, examples=[404])
    detail: str = Field(examples=["There is no such model."])
    instance: str = Field(description="The path that was asked for.", examples=["/api/v1/architect/models"])
    code: str = Field(examples=["not_found"])
    trace_id: str | None = Field(default=None, description="What to quote when asking for help.")
    errors: list[FieldError] = Field(default_factory=list)
