"""The runner, the replies and the participants on PostgreSQL: whatever happens, the end is the same."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis.ids import new_id
from services.chassis.sagas import SagaStatus
from tests.chassis.sagas.model import Model
from tests.chassis.sagas.shapes import Blow, Blows, Story, blows, stories
from tests.chassis.sagas.trips import BOOK_TRIP, Trip
from tests.chassis.sagas.worlds import Run, World, words_of


async def assert_undisturbed_end(run: Run, story: Story) -> None:
    model = Model(story)
    model.settle()
    assert await run.end() == model.end
    assert await run.last_words() == [words_of(model.end)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories(attempts=st.just(1000)), blows(most=12), st.booleans())
async def test_whatever_happens_it_ends_as_if_nothing_had_been(
    saga_world: World, story: Story, blows: Blows, newest_first: bool
) -> None:
    run = await saga_world.start(story)
    await run.suffer(blows)
    await run.settle(newest_first=newest_first)
    await assert_undisturbed_end(run, story)


_MOST_MESSAGES = 30

STORIES = {
    "all is done": Trip(trip_id=new_id()),
    "the pivot refuses": Trip(trip_id=new_id(), sold_out="payment"),
    "busy after the pivot": Trip(trip_id=new_id(), busy={"ticket": 1}),
}


BLOWS = [Blow.CRASH_BEFORE_COMMIT, Blow.CRASH_AFTER_COMMIT, Blow.LOST]
SAMPLE = list(zip(STORIES, BLOWS, strict=True))


@pytest.mark.parametrize(
    ("name", "crash"),
    [
        pytest.param(name, crash, marks=[] if (name, crash) in SAMPLE else pytest.mark.chaos_full)
        for name in STORIES
        for crash in BLOWS
    ],
)
async def test_a_crash_at_any_message_changes_nothing(saga_world: World, name: str, crash: Blow) -> None:
    story = Story(BOOK_TRIP, STORIES[name])
    for point in range(_MOST_MESSAGES):
        run = await saga_world.start(story)
        steps = [await run.step() for _ in range(point)]
        if not all(steps):
            break
        await run.suffer([(crash, 0)])
        await run.settle()
        await assert_undisturbed_end(run, story)
    assert 8 <= point < _MOST_MESSAGES - 1


async def test_all_messages_doubled_and_shuffled(saga_world: World) -> None:
    dice = random.Random(20261124)  # noqa: S311  # seeded, so that a failure comes again
    story = Story(BOOK_TRIP, STORIES["the pivot refuses"])
    run = await saga_world.start(story)
    await run.suffer([(Blow.DOUBLED, dice.randrange(99)) for _ in range(60)])
    await run.settle(newest_first=True)
    await assert_undisturbed_end(run, story)


async def test_a_step_that_was_given_up_is_refused_when_it_comes_after_all(saga_world: World) -> None:
    story = Story(BOOK_TRIP, STORIES["all is done"])
    run = await saga_world.start(story)
    await run.publish()
    late = run.flying.pop()
    for _ in range(BOOK_TRIP.steps[0].attempts):
        await run.time_passes()
        await run.publish()
        if not (await run.saga()).state.undoing:
            run.flying.clear()
    await run.settle()
    assert await run.last_words() == ["not booked: flight: no answer in time."]
    await run.deliver(late)
    await run.settle()
    assert not (await run.end()).effects
    assert (await run.saga()).state.status is SagaStatus.FAILED
