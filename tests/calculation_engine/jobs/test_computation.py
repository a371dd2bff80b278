"""A shard in threads: the same bytes whatever their number, and an end within a block of draws."""

import threading
from itertools import pairwise

import pytest

from services.calculation_engine.domain import part as parts
from services.calculation_engine.domain.interruption import Interrupted, interruptible
from services.calculation_engine.domain.schedule_simulation import simulate_schedule
from services.calculation_engine.domain.simulation import experiment_of, part_for
from services.calculation_engine.jobs import computation
from services.calculation_engine.jobs.computation import compute, joined, packed, part_in_threads
from services.calculation_engine.jobs.operations import SIMULATIONS
from services.calculation_engine.jobs.shards import SHARD
from services.schemas.schedule_simulation import ScheduleSimulationRequest
from services.schemas.simulation import SimulationRequest
from tests.calculation_engine.jobs.cases import a_simulation
from tests.calculation_engine.networks import an_activity

SPAN = 4096
REQUEST = SimulationRequest.model_validate(a_simulation(5 * SPAN + 100))


@pytest.fixture(autouse=True)
def _short_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SPAN", SPAN)


class Patience:
    """Given up once it was asked so often."""

    def __init__(self, asked: int) -> None:
        self.left = asked
        self._lock = threading.Lock()

    def is_over(self) -> bool:
        with self._lock:
            self.left -= 1
            return self.left < 0


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_the_number_of_threads_does_not_show(threads: int) -> None:
    alone = part_for(REQUEST, experiment_of(REQUEST), 0, REQUEST.draws)
    assert part_in_threads(REQUEST, 0, REQUEST.draws, threads).to_bytes() == alone.to_bytes()


def test_parts_travel_and_join() -> None:
    ends = [0, SPAN, 3 * SPAN, REQUEST.draws]
    one, *others = (part_in_threads(REQUEST, start, stop, 2) for start, stop in pairwise(ends))
    whole = joined(one, [packed(part) for part in others])
    assert whole.to_bytes() == part_in_threads(REQUEST, 0, REQUEST.draws, 1).to_bytes()


def test_each_thread_ends_within_a_block_after_it_was_given_up() -> None:
    """Spans of two blocks: one that is not begun yet may ask once, too."""
    patience = Patience(3)
    with interruptible(patience.is_over), pytest.raises(Interrupted):
        part_in_threads(REQUEST, 0, REQUEST.draws, 2)
    assert patience.left >= -6, "each span asks once at most, and ends"


def test_nobody_waits_for_compiled_loops_that_are_not_wanted_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where nothing is baked, compiling takes half a minute: longer than a stop has."""
    compiled = threading.Event()
    monkeypatch.setattr(computation, "loaded", compiled.wait)
    request = REQUEST.model_copy(update={"draws": 2 * SHARD})
    patience = Patience(2)
    with interruptible(patience.is_over), pytest.raises(Interrupted):
        compute(SIMULATIONS, request, 0, SHARD)
    compiled.set()
    assert patience.left == -1


def test_a_schedule_ends_within_a_block_too() -> None:
    body = {"network": {"activities": [an_activity("a", (1, 2, 3))]}, "draws": 2**15}
    patience = Patience(2)
    with interruptible(patience.is_over), pytest.raises(Interrupted):
        simulate_schedule(ScheduleSimulationRequest.model_validate(body))
    assert patience.left == -1
