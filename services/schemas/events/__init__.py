"""Every event of the platform: its payload, who emits it, who consumes it."""

from services.schemas.events.base import EventPayload
from services.schemas.events.catalogue import EVENTS, PAYLOADS, EventSpec, spec_of

__all__ = ["EVENTS", "PAYLOADS", "EventPayload", "EventSpec", "spec_of"]
