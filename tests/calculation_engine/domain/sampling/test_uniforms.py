import numpy as np
import pytest
from numpy.typing import NDArray

from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.replicates import REPLICATES
from services.calculation_engine.domain.sampling.inverses import NOTHING
from services.calculation_engine.domain.sampling.uniforms import Points, Stream, block_of_uniforms
from services.schemas.simulation import Sampler
from tests.calculation_engine.every_loop import COMPILED, NUMPY

SAMPLERS: list[Sampler] = ["random", "latin_hypercube", "sobol"]


def block_of(sampler: Sampler, stream: Stream, start: int) -> NDArray[np.float64]:
    """Those of `sobol` are made by the loops: the same bits by either."""
    if sampler != "sobol":
        return block_of_uniforms(sampler, stream, start)
    both = np.empty((2, 1, BLOCK))
    for loops, registers in zip((COMPILED, NUMPY), both, strict=True):
        NOTHING.over(loops, np.array([0]), registers, Points.of([stream]), start // REPLICATES)
    assert np.array_equal(both[0], both[1])
    found: NDArray[np.float64] = both[0, 0]
    return found


def numbers_of(sampler: Sampler, stream: Stream) -> NDArray[np.float64]:
    """A row a draw of a replicate, a column a replicate."""
    blocks = [block_of(sampler, stream, start) for start in range(0, stream.draws, BLOCK)]
    return np.concatenate(blocks)[: stream.draws]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_numbers_depend_on_seed_name_and_place_alone(sampler: Sampler) -> None:
    first = block_of(sampler, Stream(7, "hours", 3, 8192), 2048)
    assert np.array_equal(first, block_of(sampler, Stream(7, "hours", 3, 8192), 2048))
    for seed, name, start in ((8, "hours", 2048), (7, "wage", 2048), (7, "hours", 4096)):
        other = block_of(sampler, Stream(seed, name, 3, 8192), start)
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.8
        assert not np.isin(first, other).any()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_numbers_are_uniform_and_inside_the_open_interval(sampler: Sampler) -> None:
    numbers = numbers_of(sampler, Stream(1, "x", 0, 4096))
    assert numbers.min() > 0
    assert numbers.max() < 1
    counts, _ = np.histogram(numbers, bins=16, range=(0, 1))
    assert abs(counts - 256).max() < 90


@pytest.mark.parametrize("draws", [100, 1001, 4096, 5000])
def test_each_replicate_of_a_latin_hypercube_meets_every_stratum_once(draws: int) -> None:
    numbers = numbers_of("latin_hypercube", Stream(3, "x", 0, draws))
    for replicate in range(REPLICATES):
        found = numbers[replicate::REPLICATES]
        assert sorted(np.floor(found * len(found)).astype(int)) == list(range(len(found)))


@pytest.mark.parametrize("dimension", [0, 1, 2, 17, 511])
@pytest.mark.parametrize("start", [0, 8 * BLOCK])
def test_every_run_of_a_scrambled_sobol_replicate_meets_every_part_once(dimension: int, start: int) -> None:
    """2^k points from a multiple of 2^k lie one in each of 2^k equal parts of (0, 1)."""
    block = block_of("sobol", Stream(3, "x", dimension, 10**6), start)
    for replicate in range(REPLICATES):
        for size in (4, 32, 256):
            found = block[replicate::REPLICATES][:size]
            assert sorted(np.floor(found * size).astype(int)) == list(range(size))


@pytest.mark.parametrize("parts", [(16, 16), (4, 64), (128, 2)])
def test_two_scrambled_dimensions_meet_every_elementary_box(parts: tuple[int, int]) -> None:
    """The first two dimensions are a (0, 2)-sequence, and scrambling keeps that."""
    block = [block_of("sobol", Stream(3, name, d, 10**6), 0) for d, name in enumerate("xy")]
    for replicate in range(REPLICATES):
        columns = [
            np.floor(numbers[replicate::REPLICATES] * count).astype(int)
            for numbers, count in zip(block, parts, strict=True)
        ]
        assert len(set(zip(*(column.tolist() for column in columns), strict=True))) == 256


def test_scrambles_are_independent() -> None:
    """The variance of a replicate's mean of u^2, over many replicates, is far below that of independent
    draws, and the mean of means is right."""
    means = np.concatenate(
        [
            (block_of("sobol", Stream(seed, "x", 4, 2048), 0) ** 2).reshape(-1, 8).mean(axis=0)
            for seed in range(200)
        ]
    )
    assert means.mean() == pytest.approx(1 / 3, abs=1e-4)
    assert means.std() < 0.1 * np.sqrt(4 / 45 / 256)
    pairs = means.reshape(-1, 8)
    assert abs(np.corrcoef(pairs.T) - np.eye(8)).max() < 0.3


def test_random_numbers_do_not_depend_on_where_computing_began() -> None:
    """Blocks are cut from one stream."""
    stream = Stream(3, "x", 0, 10**6)
    both = [block_of("random", stream, start) for start in (0, BLOCK)]
    assert not np.isin(both[0], both[1]).any()
    key_only = Stream(3, "x", 7, 50)
    assert np.array_equal(block_of("random", key_only, BLOCK), both[1])
