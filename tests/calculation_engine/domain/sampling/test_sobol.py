"""Sobol' points as their authors print them, and what scrambling keeps."""

import numpy as np
import pytest

from services.calculation_engine.domain.sampling import sobol


def natural(words: np.ndarray[tuple[int], np.dtype[np.uint32]]) -> list[float]:
    return [int(f"{word:032b}"[::-1], 2) / 2**32 for word in words.tolist()]


@pytest.mark.parametrize(
    ("dimension", "points"),
    [
        (0, [0, 0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875]),
        (1, [0, 0.5, 0.75, 0.25, 0.625, 0.125, 0.375, 0.875]),
        (2, [0, 0.5, 0.75, 0.25, 0.375, 0.875, 0.625, 0.125]),
    ],
)
def test_the_first_points(dimension: int, points: list[float]) -> None:
    """In the order of their index; Gray code order, in which they are often printed, permutes them."""
    assert natural(sobol.low_points(sobol.directions()[[dimension]], 8)[0]) == points


@pytest.mark.parametrize("dimension", [0, 5, 100, 511])
def test_a_far_block_is_computed_by_itself(dimension: int) -> None:
    row = sobol.directions()[[dimension]]
    whole = sobol.low_points(row, 4096)
    block = sobol.low_points(row, 256) ^ sobol.high_points(row, 2560)[:, np.newaxis]
    assert np.array_equal(block, whole[:, 2560:2816])


def test_scrambling_stays_in_32_digits() -> None:
    keys = np.array([0, 1, 0xFFFFFFFF, 0x12345678], dtype=np.uint32)
    points = np.arange(0, 2**32, 2**20 + 1, dtype=np.uint64).astype(np.uint32)
    found = sobol.scrambled(points, keys)
    assert found.dtype == np.uint32
    for column in found.T:
        assert len(set(column.tolist())) == len(points)


def test_a_digit_is_flipped_by_the_digits_above_it_alone() -> None:
    """Points that share their first k digits share them after scrambling."""
    keys = np.array([0x9E3779B9], dtype=np.uint32)
    generator = np.random.default_rng(1)
    for shared in (1, 5, 16, 31):
        ends = generator.integers(0, 2 ** (32 - shared), 50, dtype=np.uint64)
        points = np.array([int(f"{end:032b}"[::-1], 2) for end in ends.tolist()], dtype=np.uint32)
        found = sobol.scrambled(points, keys)[:, 0] >> np.uint32(32 - shared)
        assert len(set(found.tolist())) == 1
