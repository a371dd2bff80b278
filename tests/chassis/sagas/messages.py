"""Commands as they come over the bus."""

from uuid import UUID, uuid5

from services.chassis.actor import Actor
from services.chassis.ids import new_id
from services.schemas.envelope import CommandEnvelope, CommandHeader
from tests.chassis.messages import envelope_of
from tests.chassis.probe import NoteWritten
from tests.chassis.sagas.trips import BookFlight, CancelFlight

SAGA = UUID("0197c1c5-0000-7000-8000-00000000005a")


def command(
    actor: Actor,
    *,
    round_: int = 1,
    compensation: bool = False,
    attempt: int = 1,
    sold_out: bool = False,
    busy: int = 0,
) -> CommandEnvelope:
    """To book the listener's flight, or to cancel it; each round is another command."""
    kind = CancelFlight if compensation else BookFlight
    payload = kind(trip_id=new_id(), thing="flight", sold_out=sold_out, busy=busy)
    header = CommandHeader(
        to="listener",
        saga_id=SAGA,
        step="flight",
        command_id=uuid5(SAGA, f"{actor.tenant}:{compensation}:{round_}"),
        attempt=attempt,
        compensation=compensation,
        reply_to="probe",
    )
    event = envelope_of(NoteWritten(note_id=new_id(), text=""), actor, subject=SAGA)
    document = {**dict(event), "type": payload.command_type, "data": payload.model_dump(mode="json")}
    return CommandEnvelope.model_validate({**document, **dict(header)})
