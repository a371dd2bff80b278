"""A participant: its effect, its note of the command and its reply are one, and happen once."""

import asyncio

import pytest
from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.commands import Command, Commands
from services.chassis.database import Database
from services.chassis.handlers import Handlers, InvalidPayload, UnknownType
from services.chassis.ids import new_id
from services.chassis.inbound import Inbound
from services.chassis.inbox import Consumer
from services.chassis.sagas.definition import Definitions
from services.chassis.sagas.replies import Replies
from services.chassis.tables import outbox
from services.chassis.telemetry.metrics import Metrics
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.envelope import (
    CommandHeader,
    Envelope,
    Reply,
    envelope_from,
    parse_envelope,
)
from tests.chassis.messages import effects_of, note
from tests.chassis.sagas.messages import SAGA, command
from tests.chassis.sagas.trips import BookFlight, agency


@pytest.fixture
def participant(listener_database: Database) -> Consumer:
    inbound = Inbound(events=Handlers(), commands=agency(), replies=Replies(Definitions([])))
    return Consumer("listener", inbound, listener_database, metrics=Metrics("listener"))


async def replies_of(database: Database, actor: Actor) -> list[tuple[Reply, CommandHeader]]:
    async with database.unit_of_work(actor) as uow:
        rows = await uow.session.execute(select(outbox).order_by(outbox.c.sequence))
        return [(Reply.model_validate(row.payload), CommandHeader.model_validate(row.header)) for row in rows]


async def outcomes(database: Database, actor: Actor) -> list[str]:
    return [reply.reason or reply.outcome for reply, _ in await replies_of(database, actor)]


async def test_a_command_is_done_and_answered(
    participant: Consumer, listener_database: Database, ada: Actor
) -> None:
    sent = command(ada)
    await participant.receive(sent)
    assert await effects_of(listener_database, ada) == [sent.command_id]
    ((reply, header),) = await replies_of(listener_database, ada)
    assert reply == Reply.done()
    assert (header.to, header.reply_to) == ("probe", None)
    assert (header.saga_id, header.command_id, header.step) == (SAGA, sent.command_id, "flight")


async def test_a_command_that_comes_again_is_answered_again_without_a_second_effect(
    participant: Consumer, listener_database: Database, ada: Actor
) -> None:
    for attempt in (1, 2, 3):
        await participant.receive(command(ada, attempt=attempt))
    assert len(await effects_of(listener_database, ada)) == 1
    assert await outcomes(listener_database, ada) == ["done"] * 3


async def test_copies_at_the_same_time_have_one_effect(
    participant: Consumer, listener_database: Database, ada: Actor
) -> None:
    await asyncio.gather(*(participant.receive(command(ada, attempt=attempt)) for attempt in range(1, 5)))
    assert len(await effects_of(listener_database, ada)) == 1
    assert await outcomes(listener_database, ada) == ["done"] * 4


async def test_a_refusal_undoes_what_the_handler_did_and_is_kept(
    participant: Consumer, listener_database: Database, ada: Actor
) -> None:
    await participant.receive(command(ada, sold_out=True))
    await participant.receive(command(ada, sold_out=False, attempt=2))
    assert await effects_of(listener_database, ada) == []
    assert await outcomes(listener_database, ada) == ["The flight is sold out."] * 2


async def test_another_command_of_the_step_is_tried_anew(
    participant: Consumer, listener_database: Database, ada: Actor
) -> None:
    await participant.receive(command(ada, busy=1))
    await participant.receive(command(ada, busy=1, round_=2))
    assert await outcomes(listener_database, ada) == ["The flight is busy.", "done"]


async def test_a_compensation_undoes_what_was_done(
    participant: Consumer, listener_database: Database, ada: Actor
) -> None:
    done, undone = command(ada), command(ada, compensation=True)
    await participant.receive(done)
    await participant.receive(undone)
    assert await effects_of(listener_database, ada) == [done.command_id, undone.command_id]
    assert await outcomes(listener_database, ada) == ["done", "done"]


async def test_a_compensation_of_something_never_done_is_done_and_bars_what_comes_late(
    participant: Consumer, listener_database: Database, ada: Actor
) -> None:
    await participant.receive(command(ada, compensation=True))
    await participant.receive(command(ada))
    assert await effects_of(listener_database, ada) == []
    late = "The saga had given up flight before the command came."
    assert await outcomes(listener_database, ada) == ["done", late]


async def test_a_command_and_its_compensation_at_the_same_time_leave_nothing(
    participant: Consumer, listener_database: Database, ada: Actor
) -> None:
    await asyncio.gather(
        participant.receive(command(ada)), participant.receive(command(ada, compensation=True))
    )
    assert len(await effects_of(listener_database, ada)) in {0, 2}


async def test_tenants_do_not_answer_for_each_other(
    participant: Consumer, listener_database: Database, ada: Actor, bob: Actor
) -> None:
    await participant.receive(command(ada, compensation=True))
    await participant.receive(command(bob))
    assert len(await effects_of(listener_database, bob)) == 1


async def test_any_other_error_leaves_nothing_and_no_reply(listener_database: Database, ada: Actor) -> None:
    commands = Commands()

    @commands.on(BookFlight)
    async def break_down(_uow: UnitOfWork, _command: Command[BookFlight]) -> None:
        raise RuntimeError("engine failure")

    inbound = Inbound(events=Handlers(), commands=commands, replies=Replies(Definitions([])))
    participant = Consumer("listener", inbound, listener_database, metrics=Metrics("listener"))
    failure = await participant.attempt(command(ada), 1)
    assert failure is not None
    assert failure.pause is not None
    assert await replies_of(listener_database, ada) == []


def test_a_type_has_one_handler_and_needs_one(ada: Actor) -> None:
    commands = agency(BookFlight)
    assert commands.types == {"listener.book-flight.v1"}
    with pytest.raises(ValueError, match="has a handler already"):
        agency(BookFlight, BookFlight)
    with pytest.raises(UnknownType, match="cancel-flight"):
        commands.resolve(command(ada, compensation=True))
    with pytest.raises(InvalidPayload, match="/thing"):
        commands.resolve(command(ada).model_copy(update={"data": {"trip_id": str(new_id())}}))


def test_an_envelope_is_a_command_s_exactly_if_its_header_is_there(ada: Actor) -> None:
    event, sent = note(ada), command(ada)
    assert type(parse_envelope(event.model_dump_json(exclude_none=True).encode())) is Envelope
    assert parse_envelope(sent.model_dump_json(exclude_none=True).encode()) == sent
    assert envelope_from(sent.model_dump(mode="json")) == sent
