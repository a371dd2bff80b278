"""A tiny service for the tests of the chassis: notes, events about them, and what came of these."""

from pathlib import Path
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, Uuid, insert

from services.chassis.handlers import Event, Handlers
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.base import Id
from services.schemas.events import EventPayload, EventSpec

MIGRATIONS = Path(__file__).parent / "migrations"

metadata = MetaData()

notes = Table(
    "notes",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("text", Text, nullable=False),
)

# One row each time that a handler's work was committed: an effect had twice shows twice.
effects = Table(
    "effects",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("message_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("traceparent", Text),
)

product_words = Table(
    "product_words", metadata, Column("id", Integer, primary_key=True), Column("tenant_id", Uuid)
)


class NoteWritten(EventPayload):
    """A note was written."""

    event_type: ClassVar[str] = "probe.note.written.v1"

    note_id: Id
    text: str


class NoteEchoed(EventPayload):
    """The listener's answer to a note."""

    event_type: ClassVar[str] = "listener.note.echoed.v1"

    note_id: Id


class NoteShredded(EventPayload):
    """A note was destroyed; nobody cares."""

    event_type: ClassVar[str] = "probe.note.shredded.v1"

    note_id: Id


CATALOGUE = (
    EventSpec(NoteWritten, "probe", frozenset({"listener"})),
    EventSpec(NoteEchoed, "listener", frozenset({"probe"})),
    EventSpec(NoteShredded, "probe", frozenset()),
)


async def write_note(uow: UnitOfWork, text: str, *, note_id: UUID | None = None) -> UUID:
    """What the probe does: a note, and the event about it, in one transaction."""
    note_id = note_id or new_id()
    await uow.session.execute(insert(notes).values(tenant_id=uow.actor.tenant, id=new_id(), text=text))
    await uow.emit(NoteWritten(note_id=note_id, text=text), subject=note_id)
    return note_id


async def have_effect(uow: UnitOfWork, event: Event[EventPayload], traceparent: str | None = None) -> None:
    """An effect that is not idempotent: only the inbox keeps it from happening twice."""
    await uow.session.execute(
        insert(effects).values(
            tenant_id=uow.actor.tenant,
            id=new_id(),
            message_id=event.id,
            subject=event.subject,
            sequence=event.sequence,
            actor=event.actor,
            traceparent=traceparent,
        )
    )


def listener() -> Handlers:
    """The listener's handlers: an effect, and an event of its own."""
    handlers = Handlers()

    @handlers.on(NoteWritten)
    async def echo(uow: UnitOfWork, event: Event[NoteWritten]) -> None:
        await have_effect(uow, event)
        await uow.emit(NoteEchoed(note_id=event.payload.note_id), subject=event.subject)

    return handlers
