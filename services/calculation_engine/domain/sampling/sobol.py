"""Sobol' points, addressed by their index, with Owen's scrambling.

Point i of a dimension is the exclusive or of the direction numbers at the set bits of i (I. M. Sobol', USSR
Comput. Math. Math. Phys. 7 (1967) 86), so any range can be computed by itself. Scrambling permutes the nested
halves, quarters, eighths, … of the unit interval at random (A. B. Owen, Monte Carlo and Quasi-Monte Carlo
Methods, Springer 1995), here by a hash of the reversed digits (B. Burley, J. Comput. Graph. Tech. 9 (2020)
1-20) in the variant of N. Vegdahl, "Building a better LK hash", psychopath.io, 2021: each digit's flip
depends on the digits above it. Scrambled points are uniform one by one, and each dimension keeps its even
spread.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

DIGITS = 32
DIMENSIONS = 512
STEP = 2.0**-DIGITS

_FILE = Path(__file__).parent / "direction_numbers.txt"


@lru_cache(maxsize=1)
def directions() -> Words:
    """The direction numbers, a row a dimension, a column a bit of the index; digits are reversed, the leading
    one lowest, as scrambling wants them."""
    lines = [line for line in _FILE.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    table = np.empty((DIMENSIONS, DIGITS), dtype=np.uint32)
    table[0] = [1 << bit for bit in range(DIGITS)]
    for row, line in zip(table[1:], lines, strict=True):
        polynomial, *first = line.split()
        row[:] = [_reversed(number) for number in _direction_numbers(polynomial, list(map(int, first)))]
    return table


def _direction_numbers(polynomial: str, m: list[int]) -> list[int]:
    """The recurrence m_k = 2 a_1 m_(k-1) ^ 4 a_2 m_(k-2) ^ … ^ 2^s m_(k-s) ^ m_(k-s), as fractions."""
    degree = len(polynomial) - 1
    for k in range(degree, DIGITS):
        following = m[k - degree]
        for back in range(1, degree + 1):
            if polynomial[back] == "1":
                following ^= m[k - back] << back
        m.append(following)
    return [number << (DIGITS - 1 - bit) for bit, number in enumerate(m[:DIGITS])]


def _reversed(word: int) -> int:
    return int(f"{word:032b}"[::-1], 2)


def low_points(rows: Words, count: int) -> Words:
    """Points 0 to count - 1 of each dimension, count a power of two; digits reversed. Point
    start + i is then low_points[:, i] ^ high_points(start), for a start that is a multiple of count."""
    points = np.zeros((len(rows), 1), dtype=np.uint32)
    bit = 0
    while points.shape[1] < count:
        points = np.concatenate((points, points ^ rows[:, bit : bit + 1]), axis=1)
        bit += 1
    return points


def high_points(rows: Words, start: int) -> Words:
    """The point at the index start of some dimensions; digits reversed."""
    bits = [bit for bit in range(start.bit_length()) if start >> bit & 1]
    points: Words = np.bitwise_xor.reduce(rows[:, bits], axis=1)
    return points


def scrambled(points: Words, keys: Words) -> Words:
    """Each point (rows, reversed digits) scrambled by each key (columns), in natural digits."""
    x = points[:, np.newaxis]
    x = x ^ x * np.uint32(0x3D20ADEA)
    x = x + keys
    x *= (keys >> np.uint32(16)) | np.uint32(1)
    x ^= x * np.uint32(0x05526C56)
    x ^= x * np.uint32(0x53A22864)
    for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF)):
        low, by = np.uint32(mask), np.uint32(shift)
        x = (x >> by & low) | (x & low) << by
    sixteen = np.uint32(16)
    return x >> sixteen | x << sixteen
