"""The registry of handlers, and what it refuses."""

from typing import ClassVar

import pytest

from services.chassis.actor import Actor
from services.chassis.handlers import Event, Handlers, InvalidPayload, UnknownType
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.events import EventPayload
from tests.chassis.messages import envelope_of, note
from tests.chassis.probe import NoteShredded, NoteWritten


class Listed(EventPayload):
    """A payload whose JSON form is not its Python form."""

    event_type: ClassVar[str] = "probe.things.listed.v1"

    things: tuple[str, ...]


async def ignore(_uow: UnitOfWork, _event: Event[EventPayload]) -> None:
    """Does nothing."""


def test_a_type_has_one_handler() -> None:
    handlers = Handlers()
    handlers.on(NoteWritten)(ignore)
    handlers.on(NoteShredded)(ignore)
    with pytest.raises(ValueError, match=r"probe\.note\.written\.v1 has a handler already"):
        handlers.on(NoteWritten)(ignore)
    assert handlers.types == {"probe.note.written.v1", "probe.note.shredded.v1"}


def test_a_type_without_handler_is_poison(ada: Actor) -> None:
    with pytest.raises(UnknownType, match=r"probe\.note\.written\.v1"):
        Handlers().resolve(note(ada))


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({}, "/note_id"),
        ({"note_id": "no uuid", "text": "x"}, "/note_id"),
        ({"note_id": str(new_id()), "text": 5}, "/text"),
        ({"note_id": str(new_id()), "text": "x", "more": 1}, "/more"),
    ],
)
def test_data_that_does_not_validate_is_poison_and_names_the_field_without_its_value(
    ada: Actor, data: dict[str, object], pointer: str
) -> None:
    handlers = Handlers()
    handlers.on(NoteWritten)(ignore)
    with pytest.raises(InvalidPayload) as refusal:
        handlers.resolve(note(ada).model_copy(update={"data": data}))
    assert f"{pointer}: " in str(refusal.value)
    assert "no uuid" not in str(refusal.value)


def test_payloads_are_read_as_json(ada: Actor) -> None:
    handlers = Handlers()
    handlers.on(Listed)(ignore)
    handlers.resolve(envelope_of(Listed(things=("a", "b")), ada))
