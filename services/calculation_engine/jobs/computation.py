"""The computing of a shard, in threads of its own; everything here is called beside the event loop."""

import threading
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from services.calculation_engine.domain import part as parts
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.interruption import between_blocks
from services.calculation_engine.domain.loops.choice import loaded
from services.calculation_engine.domain.part import Part, merged
from services.calculation_engine.domain.simulation import experiment_of, part_for, simulation
from services.calculation_engine.jobs.cores import cores
from services.calculation_engine.jobs.operations import Operation
from services.calculation_engine.jobs.shards import ranges
from services.schemas.base import Document
from services.schemas.simulation import SimulationRequest

# A part is mostly empty bins.
_FAST = 1
_LOOK_EVERY_S = 0.1


def compute(operation: Operation[Any, Any], request: Document, start: int, stop: int) -> bytes:
    """What a shard brings: the answer's JSON if the job is this one shard, else its part as it travels.

    Raises EngineError, TooLarge and Interrupted.
    """
    if not isinstance(request, SimulationRequest):
        return _json(operation.compute(request, operation.most))
    if len(ranges(operation, request.draws)) == 1:
        return answer(request, part_in_threads(request, start, stop, cores()))
    _await_compiled_loops()
    return packed(part_in_threads(request, start, stop, cores()))


def _await_compiled_loops() -> None:
    """Raises Interrupted if nobody waits for the shard any more: compiling may take half a minute, where no
    cache is baked, and cannot be broken off."""
    loading = threading.Thread(target=loaded, name="loops:await", daemon=True)
    loading.start()
    while loading.is_alive():
        between_blocks()
        loading.join(_LOOK_EVERY_S)


def part_in_threads(request: SimulationRequest, start: int, stop: int, threads: int) -> Part:
    """A span a task, and an experiment each: it is one thread's. How many threads there are, the part does
    not show."""
    whole = experiment_of(request)

    def span(first: int) -> Part:
        experiment = Experiment(whole.model, whole.design)
        return part_for(request, experiment, first, min(first + parts.SPAN, stop))

    with ThreadPoolExecutor(threads, thread_name_prefix="shard") as pool:
        tasks = [pool.submit(copy_context().run, span, first) for first in range(start, stop, parts.SPAN)]
        try:
            return merged([task.result() for task in tasks])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def answer(request: Document, part: Part) -> bytes:
    """The answer's JSON, from the part that holds all draws."""
    assert isinstance(request, SimulationRequest), "nothing else is cut"  # noqa: S101
    return _json(simulation(request, experiment_of(request), part))


def packed(part: Part) -> bytes:
    return zlib.compress(part.to_bytes(), _FAST)


def joined(held: Part | None, results: Sequence[bytes]) -> Part:
    """What was merged so far, with the parts that follow it."""
    following = [Part.from_bytes(zlib.decompress(result)) for result in results]
    return merged(following if held is None else [held, *following])


def _json(document: Document) -> bytes:
    return document.model_dump_json().encode()
