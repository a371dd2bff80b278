# mypy: disable-error-code="untyped-decorator"
"""Inputs."""

from typing import Any

import numba
import numba.extending
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
_FROM_ONE = int(np.float64(1).view(np.int64))
_STEP, _DIGITS = sobol.STEP, sobol.DIGITS
_REPLICATES = replicates.REPLICATES
_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@numba.njit(inline="always")
def _word(value: Any) -> Any:
    return np.uint32(value & 0xFFFFFFFF)


def _reversal(_: Any, __: Any) -> Any:
    def build(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        llvm = builder.module.declare_intrinsic("llvm.bitreverse", [arguments[0].type])
        return builder.call(llvm, arguments)

    return numba.uint32(numba.uint32), build


_reversed: Any = numba.extending.intrinsic(_reversal)
"""A word with its digits in the opposite order, for which processors have better than shifts."""


@compiled("void(uint32[::1], uint32[::1], int64, uint32[::1], float64[::1])")
def _points(low: Words, words: Words, start: int, points: Words, column: Numbers) -> None:
    """Words have loops of their own: beside numbers, which are wider, half as many would be done at once."""
    high = np.uint32(0)
    for bit in range(_DIGITS):
        if start >> bit & 1:
            high = _word(high ^ words[bit])
    for index in range(len(low)):
        point = _word(low[index] ^ high)
        point = _word(point ^ _word(point * np.uint32(0x3D20ADEA)))
        for replicate in range(_REPLICATES):
            key = words[_DIGITS + replicate]
            x = _word(_word(point + key) * ((key >> np.uint32(16)) | np.uint32(1)))
            points[index * _REPLICATES + replicate] = x
    for i in range(len(column)):
        x = points[i]
        x = _word(x ^ _word(x * np.uint32(0x05526C56)))
        x = _word(x ^ _word(x * np.uint32(0x53A22864)))
        points[i] = _reversed(x)
    for i in range(len(column)):
        column[i] = (np.float64(points[i]) + 0.5) * _STEP


@numba.njit(inline="always")
def _within(value: float, low: float, high: float) -> float:
    # Not `min`, which treats NaN in a way of its own.
    return low if value < low else (high if value > high else value)  # noqa: FURB136


@compiled("void(float64[::1], float64, float64, float64, float64)")
def _stretch(column: Numbers, shift: float, scale: float, low: float, high: float) -> None:
    for i in range(len(column)):
        column[i] = _within(shift + scale * column[i], low, high)


@compiled(
    "void(float64[:,:,::1], int64[::1], float64[::1], float64[::1], float64, float64, float64, float64)"
)
def _invert(
    table: Numbers,
    cells: Integers,
    inside: Numbers,
    column: Numbers,
    shift: float,
    scale: float,
    low: float,
    high: float,
) -> None:
    """Only reading the cells cannot be made a vector, so it has a loop of its own."""
    cubics = table.reshape(-1)
    upper_half = 4 * table.shape[1]
    for first in range(0, BLOCK, STRIP):
        strip = column[first : first + STRIP]
        for i in range(STRIP):
            upper = strip[i] > 0.5
            bits = np.float64(1 - strip[i] if upper else strip[i]).view(np.int64)
            cells[i] = ((bits >> _SHIFT) - _FIRST) * 4 + (upper_half if upper else 0)
            inside[i] = np.int64((bits & _INSIDE) << tables.DIGITS | _FROM_ONE).view(np.float64) - 1
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
    # Room is made once: making it costs as much as using it.
    points, cells, inside = np.empty(BLOCK, dtype=np.uint32), np.empty(STRIP, dtype=np.int64), np.empty(STRIP)
    step = 0
    for place in range(len(rows)):
        column = registers[rows[place], :BLOCK]
        if len(low):
            _points(low[place], words[place], start, points, column)
        while step < len(steps) and steps[step, 1] == place:
            first, second, third, fourth = parameters[step]
            if steps[step, 0] == STRETCH:
                _stretch(column, first, second, third, fourth)
            elif steps[step, 0] == INVERT:
                _invert(tables[steps[step, 2]], cells, inside, column, first, second, third, fourth)
            else:
                _triangular(column, first, second, third)
            step += 1


@compiled("void(float64[:,::1], float64[::1])")
def read_cubics(table: Numbers, column: Numbers) -> None:
    cubics, last = table.reshape(-1), len(table) - 1
    for i in range(len(column)):
        cell = min(int(column[i]), last)
        c, x = np.uint64(4 * cell), column[i] - cell
        column[i] = ((cubics[c + _THREE] * x + cubics[c + _TWO]) * x + cubics[c + _ONE]) * x + cubics[c]
