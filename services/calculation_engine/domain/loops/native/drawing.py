# mypy: disable-error-code="untyped-decorator"
"""Inputs."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain import replicates
from services.calculation_engine.domain.loops.native.compiling import compiled
from services.calculation_engine.domain.loops.shared import BLOCK, INVERT, STRETCH, STRIP
from services.calculation_engine.domain.sampling import sobol, tables

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint32]

_SHIFT, _FIRST, _INSIDE = tables.SHIFT, tables.FIRST, tables.INSIDE
_UNIT = 1.0 / (1 << tables.SHIFT)
_STEP, _DIGITS = sobol.STEP, sobol.DIGITS
_REPLICATES = replicates.REPLICATES
_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@numba.njit(inline="always")
def _word(value: Any) -> Any:
    return np.uint32(value & 0xFFFFFFFF)


@compiled("void(uint32[:,::1], uint32[:,::1], int64, int64[::1], float64[:,::1])")
def _points(low: Words, words: Words, start: int, rows: Integers, registers: Numbers) -> None:
    for place in range(len(low)):
        out = registers[rows[place]]
        high = np.uint32(0)
        for bit in range(_DIGITS):
            if start >> bit & 1:
                high = _word(high ^ words[place, bit])
        for index in range(low.shape[1]):
            point = _word(low[place, index] ^ high)
            point = _word(point ^ _word(point * np.uint32(0x3D20ADEA)))
            for replicate in range(_REPLICATES):
                key = words[place, _DIGITS + replicate]
                x = _word(point + key)
                x = _word(x * ((key >> np.uint32(16)) | np.uint32(1)))
                x = _word(x ^ _word(x * np.uint32(0x05526C56)))
                x = _word(x ^ _word(x * np.uint32(0x53A22864)))
                x = _word((x >> 1 & 0x55555555) | (x & 0x55555555) << 1)
                x = _word((x >> 2 & 0x33333333) | (x & 0x33333333) << 2)
                x = _word((x >> 4 & 0x0F0F0F0F) | (x & 0x0F0F0F0F) << 4)
                x = _word((x >> 8 & 0x00FF00FF) | (x & 0x00FF00FF) << 8)
                x = _word(x >> 16 | x << 16)
                out[index * _REPLICATES + replicate] = (np.float64(x) + 0.5) * _STEP


@numba.njit(inline="always")
def _within(value: float, low: float, high: float) -> float:
    # Not `min`, which treats NaN in a way of its own.
    return low if value < low else (high if value > high else value)  # noqa: FURB136


@compiled("void(float64[::1], float64, float64, float64, float64)")
def _stretch(column: Numbers, shift: float, scale: float, low: float, high: float) -> None:
    for i in range(len(column)):
        column[i] = _within(shift + scale * column[i], low, high)


@compiled("void(float64[:,:,::1], float64[::1], float64, float64, float64, float64)")
def _invert(table: Numbers, column: Numbers, shift: float, scale: float, low: float, high: float) -> None:
    """Only reading the cells cannot be made a vector, so it has a loop of its own."""
    cubics = table.reshape(-1)
    upper_half = 4 * table.shape[1]
    nearest, cells = np.empty(STRIP), np.empty(STRIP, dtype=np.int64)
    bits, inside = nearest.view(np.int64), np.empty(STRIP)
    for first in range(0, BLOCK, STRIP):
        strip = column[first : first + STRIP]
        for i in range(STRIP):
            nearest[i] = 1 - strip[i] if strip[i] > 0.5 else strip[i]
        for i in range(STRIP):
            cells[i] = ((bits[i] >> _SHIFT) - _FIRST) * 4 + (upper_half if strip[i] > 0.5 else 0)
            inside[i] = (bits[i] & _INSIDE) * _UNIT
        for i in range(STRIP):
            c, x = np.uint64(cells[i]), inside[i]
            cubic = ((cubics[c + _THREE] * x + cubics[c + _TWO]) * x + cubics[c + _ONE]) * x + cubics[c]
            inside[i] = cubic
        for i in range(STRIP):
            strip[i] = _within(shift + scale * inside[i], low, high)


@compiled("void(float64[::1], float64, float64, float64)")
def _triangular(column: Numbers, low: float, mode: float, high: float) -> None:
    width = high - low
    below = (mode - low) / width
    for i in range(len(column)):
        u = column[i]
        rises = u < below
        root = np.sqrt(u * below if rises else (1 - u) * (1 - below))
        column[i] = low + width * root if rises else high - width * root


@compiled(
    "void(uint32[:,::1], uint32[:,::1], int64,"
    "int64[:,::1], float64[:,::1], float64[:,:,:,::1], int64[::1], float64[:,::1])"
)
def draw(
    low: Words,
    words: Words,
    start: int,
    steps: Integers,
    parameters: Numbers,
    tables: Numbers,
    rows: Integers,
    registers: Numbers,
) -> None:
    _points(low, words, start, rows, registers)
    for step in range(len(steps)):
        column = registers[rows[steps[step, 1]], :BLOCK]
        first, second, third, fourth = parameters[step]
        if steps[step, 0] == STRETCH:
            _stretch(column, first, second, third, fourth)
        elif steps[step, 0] == INVERT:
            _invert(tables[steps[step, 2]], column, first, second, third, fourth)
        else:
            _triangular(column, first, second, third)


@compiled("void(float64[:,::1], float64[::1])")
def read_cubics(table: Numbers, column: Numbers) -> None:
    cubics, last = table.reshape(-1), len(table) - 1
    for i in range(len(column)):
        cell = min(int(column[i]), last)
        c, x = np.uint64(4 * cell), column[i] - cell
        column[i] = ((cubics[c + _THREE] * x + cubics[c + _TWO]) * x + cubics[c + _ONE]) * x + cubics[c]
