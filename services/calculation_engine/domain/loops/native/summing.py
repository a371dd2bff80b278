# mypy: disable-error-code="untyped-decorator"
"""Sums of registers and of columns."""

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain import histogram, replicates
from services.calculation_engine.domain.loops.native.compiling import compiled
from services.calculation_engine.domain.loops.shared import STRIP

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

_REPLICATES = replicates.REPLICATES
_SHIFT, _FIRST, _SIDE = histogram.SHIFT, histogram.FIRST, histogram.SIDE
_LARGEST = np.finfo(np.float64).max


@compiled("void(float64[:,::1], int64[::1], float64[::1], int64[::1], int64, int64, float64[:,::1])")
def _weigh_strip(
    registers: Numbers, rows: Integers, weights: Numbers, ends: Integers, first: int, last: int, out: Numbers
) -> None:
    begin = 0
    for place in range(len(ends)):
        total = out[place, first:last]
        total[:] = 0
        for k in range(begin, ends[place]):
            column, weight = registers[rows[k], first:last], weights[k]
            for i in range(len(total)):
                total[i] += weight * column[i]
        begin = ends[place]


@compiled("void(float64[:,::1], int64[::1], float64[::1], int64[::1], float64[:,::1])")
def weigh(registers: Numbers, rows: Integers, weights: Numbers, ends: Integers, out: Numbers) -> None:
    for first in range(0, out.shape[1], STRIP):
        _weigh_strip(registers, rows, weights, ends, first, min(first + STRIP, out.shape[1]), out)


@compiled("int64(float64[:,::1], int64[::1], float64, boolean[::1], int64, int64)")
def _usable_of_strip(
    registers: Numbers, amounts: Integers, limit: float, usable: Truths, first: int, last: int
) -> int:
    strip = usable[first:last]
    strip[:] = True
    for row in amounts:
        column = registers[row, first:last]
        for i in range(len(strip)):
            strip[i] &= abs(column[i]) < limit
    count = 0
    for i in range(len(strip)):
        count += strip[i]
    return count


@compiled(
    "int64(float64[:,::1], int64[::1], float64, boolean[::1],"
    "int64[::1], float64[::1], int64[::1], float64[:,::1])"
)
def totals(
    registers: Numbers,
    amounts: Integers,
    limit: float,
    usable: Truths,
    rows: Integers,
    weights: Numbers,
    ends: Integers,
    out: Numbers,
) -> int:
    count = 0
    for first in range(0, len(usable), STRIP):
        last = min(first + STRIP, len(usable))
        count += _usable_of_strip(registers, amounts, limit, usable, first, last)
        _weigh_strip(registers, rows, weights, ends, first, last, out)
    return count


@compiled("void(float64[::1], float64, float64, float64[:,::1], int64[::1], float64[::1], int64[:,::1])")
def sum_up(
    values: Numbers,
    centre: float,
    width: float,
    moments: Numbers,
    infinite: Integers,
    ends: Numbers,
    counts: Integers,
) -> None:
    moments[:] = 0
    infinite[:] = 0
    counts[:] = 0
    least, greatest = np.inf, -np.inf
    distance = np.empty(1)
    bits = distance.view(np.int64)
    for i in range(len(values)):
        value, replicate = values[i], i % _REPLICATES
        if abs(value) <= _LARGEST:
            off = value - centre
            moments[0, replicate] += 1
            moments[1, replicate] += off
            moments[2, replicate] += off * off
            least = min(least, value)
            greatest = max(greatest, value)
            if counts.shape[1]:
                distance[0] = abs(off / width)
                place = min(max((bits[0] >> _SHIFT) - _FIRST, 0), _SIDE - 1)
                counts[replicate, _SIDE - 1 - place if off / width < 0 else _SIDE + place] += 1
        elif value > 0:
            infinite[replicate] += 1
    ends[0], ends[1] = least, greatest
