import numpy as np
import pytest

from services.calculation_engine.domain.sampling.uniforms import Sampler, uniforms

SAMPLERS: list[Sampler] = ["random", "latin_hypercube"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_numbers_depend_on_seed_name_and_block_alone(sampler: Sampler) -> None:
    first = uniforms(sampler, 7, "hours", 0, 1000)
    assert np.array_equal(first, uniforms(sampler, 7, "hours", 0, 1000))
    for seed, name, block in ((8, "hours", 0), (7, "wage", 0), (7, "hours", 1)):
        other = uniforms(sampler, seed, name, block, 1000)
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.15


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_numbers_are_uniform_and_inside_the_open_interval(sampler: Sampler) -> None:
    numbers = uniforms(sampler, 1, "x", 0, 4096)
    assert numbers.min() > 0
    assert numbers.max() < 1
    counts, _ = np.histogram(numbers, bins=16, range=(0, 1))
    assert abs(counts - 256).max() < 90


def test_a_latin_hypercube_meets_every_stratum_once() -> None:
    numbers = uniforms("latin_hypercube", 3, "x", 2, 500)
    assert sorted(np.floor(numbers * 500).astype(int)) == list(range(500))


def test_random_numbers_do_not_depend_on_how_many_follow() -> None:
    assert np.array_equal(uniforms("random", 3, "x", 0, 100), uniforms("random", 3, "x", 0, 200)[:100])
