"""One example of each event, as it goes over the bus: documentation, and input of the consumers' tests."""

from importlib import resources

from services.schemas.envelope import Envelope
from services.schemas.events import EventPayload


def event(payload: type[EventPayload]) -> Envelope:
    """The example of an event.

    Raises:
        FileNotFoundError: it has none.
        ValidationError: it is not an envelope.
    """
    text = (resources.files(__name__) / f"{payload.event_type}.json").read_text("utf-8")
    return Envelope.model_validate_json(text)
