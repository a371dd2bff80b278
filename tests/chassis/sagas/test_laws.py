"""The laws of all sagas, over definitions of every shape and whatever may happen to their messages."""

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.sagas.state import SagaStatus
from tests.chassis.sagas.model import End, Model
from tests.chassis.sagas.shapes import Blows, Story, blows, stories

PATIENT = stories(attempts=st.just(1000))
IMPATIENT = stories(attempts=st.integers(1, 3))


def undisturbed(story: Story) -> End:
    model = Model(story)
    model.settle()
    return model.end


@given(PATIENT, blows(most=60), st.booleans())
def test_whatever_is_doubled_shuffled_lost_or_crashes_it_ends_as_if_nothing_had_been(
    story: Story, blows: Blows, newest_first: bool
) -> None:
    model = Model(story)
    model.suffer(blows)
    model.settle(newest_first=newest_first)
    assert model.end == undisturbed(story)
    assert model.ends == 1


@given(IMPATIENT, blows(most=60), st.booleans())
def test_a_saga_that_gives_up_leaves_all_or_nothing(story: Story, blows: Blows, newest_first: bool) -> None:
    model = Model(story)
    model.suffer(blows)
    model.settle(newest_first=newest_first)
    for step in story.saga.steps:
        done, undone = model.effects[step.name, 1], model.effects[step.name, -1]
        if model.state.status is SagaStatus.DONE:
            assert (done, undone) == (1, 0)
        elif step.compensation is not None:
            assert done == undone <= 1
        else:
            assert undone == 0
    assert model.ends == 1


@given(PATIENT)
def test_an_undisturbed_saga_fails_exactly_if_somebody_refuses_up_to_the_pivot(story: Story) -> None:
    refusing = {story.trip.sold_out, *story.trip.busy}
    before = {step.name for step in story.saga.steps[: story.saga.pivot_at + 1]}
    expected = SagaStatus.FAILED if refusing & before else SagaStatus.DONE
    assert undisturbed(story).status is expected
