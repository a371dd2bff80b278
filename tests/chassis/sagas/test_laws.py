"""The laws of all sagas, over definitions of every shape and whatever may happen to their messages."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.sagas.state import SagaStatus
from tests.chassis.sagas.model import End, Model
from tests.chassis.sagas.shapes import Blows, Story, blows, stories

# A run takes about a millisecond; a hundred of them overlook a saga that forgets the step it gave up.
many = settings(max_examples=300)

PATIENT = stories(attempts=st.just(1000))
IMPATIENT = stories(attempts=st.integers(1, 3))


def undisturbed(story: Story) -> End:
    model = Model(story)
    model.settle()
    return model.end


@many
@given(PATIENT, blows(most=40), st.booleans())
def test_whatever_is_doubled_shuffled_lost_or_crashes_it_ends_as_if_nothing_had_been(
    story: Story, blows: Blows, newest_first: bool
) -> None:
    model = Model(story)
    model.suffer(blows)
    model.settle(newest_first=newest_first)
    assert model.end == undisturbed(story)
    assert model.ends == 1


@many
@given(IMPATIENT, blows(most=40), st.booleans())
def test_a_saga_that_gives_up_leaves_all_or_nothing(story: Story, blows: Blows, newest_first: bool) -> None:
    model = Model(story)
    model.suffer(blows)
    model.settle(newest_first=newest_first)
    for place, step in enumerate(story.saga.steps):
        done, undone = model.effects[step.name, 1], model.effects[step.name, -1]
        if model.state.status is SagaStatus.DONE:
            assert (done, undone) == (1, 0)
        elif step.compensation is not None:
            assert done == undone <= 1
        else:
            assert undone == 0
            assert done == 0 or place < story.saga.pivot_at
    assert model.ends == 1


@many
@given(IMPATIENT, blows(most=40))
def test_what_was_done_is_undone_in_reverse(story: Story, blows: Blows) -> None:
    model = Model(story)
    model.suffer(blows)
    model.settle()
    done = [name for name, sign in model.effects if sign == 1]
    undone = [name for name, sign in model.effects if sign == -1]
    assert undone == [name for name in reversed(done) if name in undone]


@many
@given(PATIENT)
def test_an_undisturbed_saga_fails_exactly_if_somebody_refuses_up_to_the_pivot(story: Story) -> None:
    refusing = {story.trip.sold_out, *story.trip.busy}
    before = {step.name for step in story.saga.steps[: story.saga.pivot_at + 1]}
    expected = SagaStatus.FAILED if refusing & before else SagaStatus.DONE
    assert undisturbed(story).status is expected
