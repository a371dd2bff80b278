"""One example of each event, as it goes over the bus: documentation, and input of the consumers' tests."""

from importlib import resources

from services.schemas.envelope import Envelope
from services.schemas.events import EventPayload

# By type, each from the file of that name; read when the module is, not in an event loop.
EXAMPLES = {
    file.name.removesuffix(".json"): Envelope.model_validate_json(file.read_text("utf-8"))
    for file in resources.files(__name__).iterdir()
    if file.name.endswith(".json")
}


def event(payload: type[EventPayload]) -> Envelope:
    """The example of an event.

    Raises:
        KeyError: it has none.
    """
    return EXAMPLES[payload.event_type]
