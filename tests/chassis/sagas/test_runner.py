"""The runner: time, leases, and what it shows of sagas that need somebody."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from services.chassis.ids import new_id
from services.chassis.sagas.state import SagaStatus
from services.chassis.sagas.store import LogEntry
from services.chassis.telemetry.metrics import Metrics
from services.schemas.envelope import CommandEnvelope, Envelope
from tests.chassis.sagas.shapes import Story
from tests.chassis.sagas.trips import BOOK_TRIP, Trip
from tests.chassis.sagas.worlds import Luck, Run, World

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def run(saga_world: World) -> Run:
    return await saga_world.start(Story(BOOK_TRIP, Trip(trip_id=new_id())))


def header(envelope: Envelope) -> CommandEnvelope:
    assert isinstance(envelope, CommandEnvelope)
    return envelope


async def entries(run: Run) -> list[LogEntry]:
    return [row.entry for row in await run.log()]


async def test_the_first_command_is_in_the_outbox_with_the_saga(run: Run) -> None:
    await run.publish()
    (command,) = map(header, run.flying)
    state = (await run.saga()).state
    assert (command.type, command.to, command.reply_to) == ("listener.book-flight.v1", "listener", "probe")
    assert (command.saga_id, command.subject) == (state.saga_id, str(state.saga_id))
    assert (command.command_id, command.attempt) == (state.command_id, 1)
    assert (command.step, command.compensation, command.actor) == ("flight", False, "ada")
    assert command.deadline is not None
    assert command.deadline > command.time


async def test_whose_time_is_not_over_is_left_alone(run: Run) -> None:
    await run.runner().run_once()
    assert await entries(run) == [LogEntry.STARTED, LogEntry.ASKED]


async def test_whose_time_is_over_is_asked_again_for_whoever_started_it(run: Run) -> None:
    await run.time_passes()
    await run.publish()
    first, second = map(header, run.flying)
    assert first.id != second.id  # another message, that the participant's inbox lets through
    assert first.command_id == second.command_id
    assert (first.attempt, second.attempt) == (1, 2)
    assert (second.actor, second.tenant) == (first.actor, first.tenant)
    assert await entries(run) == [LogEntry.STARTED, LogEntry.ASKED, LogEntry.TIMED_OUT, LogEntry.ASKED]


async def test_of_several_runners_one_asks(run: Run) -> None:
    await run.wait_over()
    await asyncio.gather(*(run.runner(lease=MINUTE).run_once() for _ in range(4)))
    assert (await entries(run)).count(LogEntry.ASKED) == 2


async def test_what_one_runner_holds_no_other_takes(run: Run) -> None:
    await run.wait_over()
    held, taken = [await run.runner(lease=MINUTE)._claim() for _ in range(2)]
    own = (await run.saga()).id
    assert own in {each.saga_id for each in held}
    assert own not in {each.saga_id for each in taken}


async def test_what_a_dead_runner_held_is_resumed_after_its_lease(saga_world: World, run: Run) -> None:
    await run.wait_over()
    dying = run.runner(lease=timedelta(milliseconds=1))
    saga_world.databases["probe"].luck = Luck.LOST
    await dying.run_once()
    assert (await entries(run)).count(LogEntry.ASKED) == 1
    assert (await run.saga()).lease_owner is not None
    await run.runner().run_once()
    assert (await entries(run)).count(LogEntry.ASKED) == 2
    assert (await run.saga()).lease_owner is None


async def test_a_runner_whose_saga_moved_meanwhile_leaves_it_alone(run: Run) -> None:
    await run.publish()
    await run.wait_over()
    runner = run.runner(lease=MINUTE)
    (claimed,) = [each for each in await runner._claim() if each.saga_id == (await run.saga()).id]
    while run.flying:  # the command, then its reply
        await run.deliver(run.flying.pop())
        if (await run.saga()).state.position:
            break
        await run.publish()
    before = await entries(run)
    await runner._move_on(claimed)
    assert await entries(run) == before


async def test_a_stuck_saga_is_logged_and_counted_until_it_goes_on(run: Run) -> None:
    metrics = Metrics("probe")

    def stuck() -> float | None:
        labels = {"saga": "book-trip", "state": "stuck"}
        return metrics.registry.get_sample_value("sagas", labels)

    await run.runner(metrics).run_once()
    before = stuck() or 0
    for _ in range(4):
        await run.step()  # the flight, then the room: asked and answered
    with capture_logs() as logs:
        while (await run.saga()).state.status is not SagaStatus.STUCK:
            run.flying.clear()
            await run.time_passes()
    assert [(each["event"], each["step"]) for each in logs if each["event"] == "saga_stuck"] == [
        ("saga_stuck", "payment")
    ]
    await run.runner(metrics).run_once()
    assert stuck() == before + 1
    await run.publish()
    await run.deliver(run.flying[-1])  # it comes after all
    await run.settle()
    await run.runner(metrics).run_once()
    assert stuck() == before
    assert await run.last_words() == ["booked"]
