# mypy: disable-error-code="untyped-decorator"
"""The loops compiled by numba; what each does stands in `choice.Loops`.

No fast-math: a formula may make NaN or infinity, and must be seen to. Words are kept in 32 bits by hand,
because numba widens them silently.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain import histogram, replicates
from services.calculation_engine.domain.loops.shared import (
    BLOCK,
    EXACT,
    INVERT,
    ROOT_PRECISION,
    ROOT_STEPS,
    STRETCH,
)
from services.calculation_engine.domain.sampling import sobol, tables

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint32]
Truths = NDArray[np.bool_]

_SHIFT, _FIRST, _INSIDE = tables.SHIFT, tables.FIRST, tables.INSIDE
_UNIT = 1.0 / (1 << tables.SHIFT)
_STEP, _DIGITS = sobol.STEP, sobol.DIGITS
_REPLICATES = replicates.REPLICATES
_BIN_SHIFT, _FIRST_BIN, _SIDE = histogram.SHIFT, histogram.FIRST, histogram.SIDE
_STRETCH, _INVERT = STRETCH, INVERT
_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)
_LANES = 64
_STRIP = 256
"""So many draws go through all instructions at a time: what these pass to each other stays in the nearest
cache."""
_LARGEST = np.finfo(np.float64).max

(
    _ADD, _SUBTRACT, _MULTIPLY, _DIVIDE, _NEGATE, _ABS, _MIN, _MAX, _CLAMP, _LESS, _LESS_OR_EQUAL, _GREATER,
    _GREATER_OR_EQUAL, _EQUAL, _NOT_EQUAL, _AND, _OR, _NOT, _IF, _ROUND, _FLOOR, _CEIL, _SQRT,
) = range(len(EXACT))  # fmt: skip


_Function = TypeVar("_Function", bound=Callable[..., int | None])

_SIGNATURES: dict[str, str] = {}


def load() -> None:
    """Compiles the functions of this module, or takes what an earlier process has compiled and kept."""
    for name, signature in _SIGNATURES.items():
        compiler = numba.njit(signature, cache=True, nogil=True, error_model="numpy", boundscheck=False)
        globals()[name] = compiler(globals()[name])
    _SIGNATURES.clear()


def _compiled(signature: str) -> Callable[[_Function], _Function]:
    """Has `load` compile a function: importing alone touches no file."""

    def noted(function: _Function) -> _Function:
        _SIGNATURES[function.__name__] = signature
        return function

    return noted


@numba.njit(inline="always")
def _finite(value: float) -> float:
    return value if abs(value) <= _LARGEST else np.nan


@numba.njit(inline="always")
def _truth(left: float, right: float, holds: bool) -> float:
    return np.nan if left != left or right != right else (1.0 if holds else 0.0)


@numba.njit(inline="always")
def _word(value: Any) -> Any:
    return np.uint32(value & 0xFFFFFFFF)


@_compiled("void(uint32[:,::1], uint32[:,::1], int64, int64[::1], float64[:,::1])")
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


@_compiled("void(float64[::1], float64, float64, float64, float64)")
def _stretch(column: Numbers, shift: float, scale: float, low: float, high: float) -> None:
    for i in range(len(column)):
        column[i] = _within(shift + scale * column[i], low, high)


@_compiled("void(float64[:,:,::1], float64[::1], float64, float64, float64, float64)")
def _invert(table: Numbers, column: Numbers, shift: float, scale: float, low: float, high: float) -> None:
    """Only reading the cells cannot be made a vector, so it has a loop of its own."""
    cubics = table.reshape(-1)
    upper_half = 4 * table.shape[1]
    nearest, cells = np.empty(_STRIP), np.empty(_STRIP, dtype=np.int64)
    bits, inside = nearest.view(np.int64), np.empty(_STRIP)
    for first in range(0, BLOCK, _STRIP):
        strip = column[first : first + _STRIP]
        for i in range(_STRIP):
            nearest[i] = 1 - strip[i] if strip[i] > 0.5 else strip[i]
        for i in range(_STRIP):
            cells[i] = ((bits[i] >> _SHIFT) - _FIRST) * 4 + (upper_half if strip[i] > 0.5 else 0)
            inside[i] = (bits[i] & _INSIDE) * _UNIT
        for i in range(_STRIP):
            c, x = np.uint64(cells[i]), inside[i]
            cubic = ((cubics[c + _THREE] * x + cubics[c + _TWO]) * x + cubics[c + _ONE]) * x + cubics[c]
            inside[i] = cubic
        for i in range(_STRIP):
            strip[i] = _within(shift + scale * inside[i], low, high)


@_compiled("void(float64[::1], float64, float64, float64)")
def _triangular(column: Numbers, low: float, mode: float, high: float) -> None:
    width = high - low
    below = (mode - low) / width
    for i in range(len(column)):
        u = column[i]
        rises = u < below
        root = np.sqrt(u * below if rises else (1 - u) * (1 - below))
        column[i] = low + width * root if rises else high - width * root


@_compiled(
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
        if steps[step, 0] == _STRETCH:
            _stretch(column, first, second, third, fourth)
        elif steps[step, 0] == _INVERT:
            _invert(tables[steps[step, 2]], column, first, second, third, fourth)
        else:
            _triangular(column, first, second, third)


@_compiled("void(float64[:,::1], float64[::1])")
def read_cubics(table: Numbers, column: Numbers) -> None:
    cubics, last = table.reshape(-1), len(table) - 1
    for i in range(len(column)):
        cell = min(int(column[i]), last)
        c, x = np.uint64(4 * cell), column[i] - cell
        column[i] = ((cubics[c + _THREE] * x + cubics[c + _TWO]) * x + cubics[c + _ONE]) * x + cubics[c]


@_compiled("void(float64[:,::1], int64[::1], float64[:,::1])")
def triangular(parameters: Numbers, rows: Integers, registers: Numbers) -> None:
    for place in range(len(rows)):
        column = registers[rows[place], :BLOCK]
        low, mode, high = parameters[place]
        width = high - low
        below = (mode - low) / width
        for i in range(len(column)):
            u = column[i]
            rises = u < below
            root = np.sqrt(u * below if rises else (1 - u) * (1 - below))
            column[i] = low + width * root if rises else high - width * root


@_compiled("void(float64[:,::1], int64[::1], float64[::1], int64[::1], float64[:,::1])")
def weigh(registers: Numbers, rows: Integers, weights: Numbers, ends: Integers, out: Numbers) -> None:
    first = 0
    for place in range(len(ends)):
        total = out[place]
        total[:] = 0
        for k in range(first, ends[place]):
            column, weight = registers[rows[k]], weights[k]
            for i in range(len(total)):
                total[i] += weight * column[i]
        first = ends[place]


@_compiled(
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
    usable[:] = True
    for row in amounts:
        column = registers[row]
        for i in range(len(usable)):
            usable[i] &= abs(column[i]) < limit
    weigh(registers, rows, weights, ends, out)
    count = 0
    for i in range(len(usable)):
        count += usable[i]
    return count


@_compiled("void(float64[::1], float64, float64, float64[:,::1], int64[::1], float64[::1], int64[:,::1])")
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
                place = min(max((bits[0] >> _BIN_SHIFT) - _FIRST_BIN, 0), _SIDE - 1)
                counts[replicate, _SIDE - 1 - place if off / width < 0 else _SIDE + place] += 1
        elif value > 0:
            infinite[replicate] += 1
    ends[0], ends[1] = least, greatest


@_compiled("void(float64[:,::1], int64[::1], float64[::1], float64[::1])")
def payback(rows: Numbers, at: Integers, factors: Numbers, out: Numbers) -> None:
    size = len(out)
    cumulative = np.zeros(size)
    state = np.zeros(size, dtype=np.int8)
    out[:] = np.inf
    for period in range(len(at)):
        amounts, factor = rows[at[period]], factors[period]
        for i in range(size):
            before, amount = cumulative[i], amounts[i] * factor
            after = before + amount
            cumulative[i] = after
            if state[i] == 1 and after >= 0:
                out[i] = period - 1 - before / amount
                state[i] = 2
            elif state[i] == 0 and after < 0:
                state[i] = 1
    for i in range(size):
        if state[i] == 0:
            out[i] = 0.0


@_compiled("void(float64[:,::1], int64[::1])")
def sign_changes(rows: Numbers, out: Integers) -> None:
    last = np.zeros(len(out))
    out[:] = 0
    for flows in rows:
        for i in range(len(out)):
            out[i] += (flows[i] > 0 and last[i] < 0) or (flows[i] < 0 and last[i] > 0)
            last[i] = flows[i] if flows[i] != 0 else last[i]


@_compiled("void(float64[:,::1], int64[::1], boolean[::1], float64, float64[::1])")
def single_root(rows: Numbers, at: Integers, sought: Truths, start: float, out: Numbers) -> None:
    """Some neighbouring flows at a time: a step of all of them is one that the processor can do for several
    at once."""
    periods = len(at)
    ordered = np.empty((periods, _LANES))
    forward, done = np.empty(_LANES, dtype=np.bool_), np.empty(_LANES, dtype=np.bool_)
    total, last, x, low, high = (
        np.empty(_LANES), np.empty(_LANES), np.empty(_LANES), np.empty(_LANES), np.empty(_LANES),
    )  # fmt: skip
    value, slope = np.empty(_LANES), np.empty(_LANES)
    for first in range(0, len(out), _LANES):
        lanes = min(_LANES, len(out) - first)
        total[:] = last[:] = low[:] = 0.0
        high[:] = 1.0
        for period in range(periods):
            amounts = rows[at[period], first : first + lanes]
            for i in range(lanes):
                total[i] += amounts[i]
                last[i] = amounts[i] if amounts[i] != 0 else last[i]
        for i in range(lanes):
            forward[i] = (total[i] > 0) == (last[i] > 0)
            done[i] = not sought[first + i]
            x[i] = min(start, 1.0) if forward[i] else min(1 / start, 1.0)
        for period in range(periods):
            early = rows[at[period], first : first + lanes]
            late = rows[at[periods - 1 - period], first : first + lanes]
            amounts = ordered[period]
            for i in range(lanes):
                amounts[i] = late[i] if forward[i] else early[i]
        for _ in range(ROOT_STEPS):
            value[:] = slope[:] = 0.0
            for period in range(periods):
                amounts = ordered[period]
                for i in range(lanes):
                    slope[i] = slope[i] * x[i] + value[i]
                    value[i] = value[i] * x[i] + amounts[i]
            left = 0
            for i in range(lanes):
                near_low = (value[i] > 0) == ((last[i] > 0) != forward[i])
                low[i] = x[i] if near_low else low[i]
                high[i] = high[i] if near_low else x[i]
                newton = x[i] - value[i] / slope[i]
                settled = abs(newton - x[i]) <= ROOT_PRECISION * x[i]
                inside = settled or low[i] < newton < high[i]
                following = newton if inside else (low[i] + high[i]) * 0.5
                x[i] = x[i] if done[i] else following
                done[i] = done[i] or settled
                left += not done[i]
            if left == 0:
                break
        for i in range(lanes):
            out[first + i] = (1 / x[i] if forward[i] else x[i]) - 1


@_compiled("void(int64[:,::1], float64[:,::1], int64, int64)")
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


@_compiled("void(int64[:,::1], float64[:,::1], int64)")
def run(instructions: Integers, registers: Numbers, size: int) -> None:
    for first in range(0, size, _STRIP):
        _run_strip(instructions, registers, first, min(_STRIP, size - first))
