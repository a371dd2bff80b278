"""The base of all event payloads."""

from typing import ClassVar

from services.schemas.base import Document


class EventPayload(Document):
    """The `data` of one event type; `event_type` is its name and version on the wire."""

    event_type: ClassVar[str]
