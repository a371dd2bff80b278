"""Messages of the probe, and what came of them."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.handlers import Event, Handlers
from services.chassis.ids import new_id
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.envelope import Envelope
from services.schemas.events import EventPayload
from tests.chassis.probe import NoteWritten, effects, have_effect
from tests.harness.waiting import eventually


def envelope_of(
    payload: EventPayload, actor: Actor, *, subject: UUID | None = None, sequence: int = 1
) -> Envelope:
    return Envelope(
        id=new_id(),
        type=payload.event_type,
        source="probe",
        subject=str(subject or new_id()),
        time=datetime.now(UTC),
        tenant=actor.tenant,
        actor=actor.sub,
        sequence=sequence,
        data=payload.model_dump(mode="json"),
    )


def note(actor: Actor) -> Envelope:
    return envelope_of(NoteWritten(note_id=new_id(), text="hello"), actor)


async def effects_of(database: Database, actor: Actor) -> list[UUID]:
    """The ids of the messages that had an effect in the actor's tenant, once each time."""
    async with database.unit_of_work(actor) as uow:
        return list(await uow.session.scalars(select(effects.c.message_id)))


async def until_effects(database: Database, actor: Actor, count: int) -> list[UUID]:
    async def enough() -> bool:
        return len(await effects_of(database, actor)) >= count

    await eventually(enough)
    return await effects_of(database, actor)


class Failing:
    """Handlers that fail so many times before they work."""

    def __init__(self, times: int) -> None:
        self.calls = 0
        self.times = times
        self.handlers = Handlers()
        self.handlers.on(NoteWritten)(self.handle)

    async def handle(self, uow: UnitOfWork, event: Event[NoteWritten]) -> None:
        self.calls += 1
        await have_effect(uow, event)
        if self.calls <= self.times:
            raise RuntimeError("not yet")
