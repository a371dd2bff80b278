"""A saga of the tests: a trip, booked by the probe at the listener and at itself."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, insert, select

from services.chassis.commands import Command, Commands, Refused
from services.chassis.ids import new_id
from services.chassis.sagas import Saga, pivot, step
from services.chassis.tables import handled_commands
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.base import Document, Id
from services.schemas.commands import CommandPayload
from tests.chassis.probe import effects, notes


class Trip(Document):
    """What is booked; `sold_out` is refused for good, `busy` is refused so many times."""

    trip_id: Id
    sold_out: str = ""
    busy: dict[str, int] = Field(default_factory=dict)


class _Booking(CommandPayload):
    trip_id: Id
    thing: str
    sold_out: bool = False
    busy: int = 0


class BookFlight(_Booking):
    """At the listener."""

    command_type: ClassVar[str] = "listener.book-flight.v1"
    participant: ClassVar[str] = "listener"


class CancelFlight(_Booking):
    """Undoes `BookFlight`."""

    command_type: ClassVar[str] = "listener.cancel-flight.v1"
    participant: ClassVar[str] = "listener"


class BookRoom(_Booking):
    """At the probe itself."""

    command_type: ClassVar[str] = "probe.book-room.v1"
    participant: ClassVar[str] = "probe"


class CancelRoom(_Booking):
    """Undoes `BookRoom`."""

    command_type: ClassVar[str] = "probe.cancel-room.v1"
    participant: ClassVar[str] = "probe"


class Pay(_Booking):
    """The pivot, at the listener."""

    command_type: ClassVar[str] = "listener.pay.v1"
    participant: ClassVar[str] = "listener"


class SendTicket(_Booking):
    """After the pivot, at the probe."""

    command_type: ClassVar[str] = "probe.send-ticket.v1"
    participant: ClassVar[str] = "probe"


def booking(kind: type[_Booking], thing: str) -> Any:
    """The function that makes a command from a trip."""

    def make(trip: Trip) -> CommandPayload:
        busy = trip.busy.get(thing, 0)
        return kind(trip_id=trip.trip_id, thing=thing, sold_out=trip.sold_out == thing, busy=busy)

    return make


async def note_end(uow: UnitOfWork, trip: Trip, text: str) -> None:
    await uow.session.execute(
        insert(notes).values(tenant_id=uow.actor.tenant, id=new_id(), text=f"{trip.trip_id} {text}")
    )


async def booked(uow: UnitOfWork, trip: Trip) -> None:
    await note_end(uow, trip, "booked")


async def not_booked(uow: UnitOfWork, trip: Trip, reason: str) -> None:
    await note_end(uow, trip, f"not booked: {reason}")


BOOK_TRIP = Saga(
    "book-trip",
    owner="probe",
    data=Trip,
    steps=[
        step("flight", booking(BookFlight, "flight"), compensation=booking(CancelFlight, "flight")),
        step("room", booking(BookRoom, "room"), compensation=booking(CancelRoom, "room")),
        pivot("payment", booking(Pay, "payment")),
        step("ticket", booking(SendTicket, "ticket")),
    ],
    on_done=booked,
    on_failed=not_booked,
)


def agency(*kinds: type[_Booking]) -> Commands:
    """The participants' handlers: each command done leaves one effect, and what was refused none."""
    commands = Commands()
    for kind in kinds or (BookFlight, CancelFlight, BookRoom, CancelRoom, Pay, SendTicket):
        commands.on(kind)(_book)
    return commands


async def _book(uow: UnitOfWork, command: Command[_Booking]) -> None:
    await uow.session.execute(
        insert(effects).values(
            tenant_id=uow.actor.tenant,
            id=new_id(),
            message_id=command.id,
            subject=f"{command.payload.trip_id} {command.payload.thing}",
            sequence=-1 if command.compensation else 1,
            actor=command.actor,
        )
    )
    if command.payload.sold_out and not command.compensation:
        raise Refused(f"The {command.payload.thing} is sold out.")
    if await _refusals(uow, command.saga_id, command) < command.payload.busy:
        raise Refused(f"The {command.payload.thing} is busy.")


async def _refusals(uow: UnitOfWork, saga_id: UUID, command: Command[_Booking]) -> int:
    refused = select(func.count()).where(
        handled_commands.c.saga_id == saga_id,
        handled_commands.c.step == command.step,
        handled_commands.c.compensation == command.compensation,
        handled_commands.c.refusal.is_not(None),
    )
    return int(await uow.session.scalar(refused) or 0)
