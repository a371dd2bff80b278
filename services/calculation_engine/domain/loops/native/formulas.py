# mypy: disable-error-code="untyped-decorator"
"""Instructions over registers."""

import numba
import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.loops.native.compiling import compiled
from services.calculation_engine.domain.loops.shared import EXACT, STRIP

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]

_LARGEST = np.finfo(np.float64).max

(
    _ADD, _SUBTRACT, _MULTIPLY, _DIVIDE, _NEGATE, _ABS, _MIN, _MAX, _CLAMP, _LESS, _LESS_OR_EQUAL, _GREATER,
    _GREATER_OR_EQUAL, _EQUAL, _NOT_EQUAL, _AND, _OR, _NOT, _IF, _ROUND, _FLOOR, _CEIL, _SQRT,
) = range(len(EXACT))  # fmt: skip


@numba.njit(inline="always")
def _finite(value: float) -> float:
    return value if abs(value) <= _LARGEST else np.nan


@numba.njit(inline="always")
def _truth(left: float, right: float, holds: bool) -> float:
    return np.nan if left != left or right != right else (1.0 if holds else 0.0)


@compiled("void(int64[:,::1], float64[:,::1], int64, int64)")
def _run_strip(instructions: Integers, registers: Numbers, first: int, size: int) -> None:
    for step in range(len(instructions)):
        code = instructions[step, 0]
        out = registers[instructions[step, 1], first : first + size]
        x = registers[instructions[step, 2], first : first + size]
        y = registers[instructions[step, 3], first : first + size]
        z = registers[instructions[step, 4], first : first + size]
        if code == _ADD:
            for i in range(size):
                out[i] = _finite(x[i] + y[i])
        elif code == _SUBTRACT:
            for i in range(size):
                out[i] = _finite(x[i] - y[i])
        elif code == _MULTIPLY:
            for i in range(size):
                out[i] = _finite(x[i] * y[i])
        elif code == _DIVIDE:
            for i in range(size):
                out[i] = _finite(x[i] / y[i])
        elif code == _NEGATE:
            for i in range(size):
                out[i] = -x[i]
        elif code == _ABS:
            for i in range(size):
                out[i] = abs(x[i])
        elif code == _MIN:
            for i in range(size):
                out[i] = x[i] if x[i] < y[i] or x[i] != x[i] else y[i]
        elif code == _MAX:
            for i in range(size):
                out[i] = x[i] if x[i] > y[i] or x[i] != x[i] else y[i]
        elif code == _CLAMP:
            for i in range(size):
                below = x[i] if x[i] < z[i] or x[i] != x[i] else z[i]
                out[i] = y[i] if y[i] > below or y[i] != y[i] else below
        elif code == _LESS:
            for i in range(size):
                out[i] = _truth(x[i], y[i], x[i] < y[i])
        elif code == _LESS_OR_EQUAL:
            for i in range(size):
                out[i] = _truth(x[i], y[i], x[i] <= y[i])
        elif code == _GREATER:
            for i in range(size):
                out[i] = _truth(x[i], y[i], x[i] > y[i])
        elif code == _GREATER_OR_EQUAL:
            for i in range(size):
                out[i] = _truth(x[i], y[i], x[i] >= y[i])
        elif code == _EQUAL:
            for i in range(size):
                out[i] = _truth(x[i], y[i], x[i] == y[i])
        elif code == _NOT_EQUAL:
            for i in range(size):
                out[i] = _truth(x[i], y[i], x[i] != y[i])
        elif code == _AND:
            for i in range(size):
                out[i] = 0.0 if x[i] == 0 else _truth(x[i], y[i], y[i] != 0)
        elif code == _OR:
            for i in range(size):
                out[i] = 1.0 if x[i] != 0 and x[i] == x[i] else _truth(x[i], y[i], y[i] != 0)
        elif code == _NOT:
            for i in range(size):
                out[i] = _truth(x[i], x[i], x[i] == 0)
        elif code == _IF:
            for i in range(size):
                out[i] = np.nan if x[i] != x[i] else (y[i] if x[i] != 0 else z[i])
        elif code == _ROUND:
            for i in range(size):
                out[i] = np.rint(x[i])
        elif code == _FLOOR:
            for i in range(size):
                out[i] = np.floor(x[i])
        elif code == _CEIL:
            for i in range(size):
                out[i] = np.ceil(x[i])
        elif code == _SQRT:
            for i in range(size):
                out[i] = np.sqrt(x[i])


@compiled("void(int64[:,::1], float64[:,::1], int64)")
def run(instructions: Integers, registers: Numbers, size: int) -> None:
    for first in range(0, size, STRIP):
        _run_strip(instructions, registers, first, min(STRIP, size - first))
