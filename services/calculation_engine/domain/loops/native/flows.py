# mypy: disable-error-code="untyped-decorator"
"""Figures of flows in columns."""

import numba
import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.loops.native.compiling import compiled
from services.calculation_engine.domain.loops.shared import EARLY_STEPS, ROOT_PRECISION, ROOT_STEPS, STRIP

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]

_FOUR = 4


@compiled("void(float64[:,::1], int64[::1], float64[::1], float64[::1])")
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


@compiled("void(int64, float64[::1], float64[:,::1])")
def _geometric(length: int, x: Numbers, out: Numbers) -> None:
    """Rows x^n and 1 + x + … + x^(n - 1) for n = length, each followed by its slope; by doubling n, from its
    highest binary digit on, where nothing cancels."""
    power, power_slope, total, slope = out[0], out[1], out[2], out[3]
    power[:] = x
    power_slope[:] = total[:] = 1.0
    slope[:] = 0.0
    digits = 0
    while length >> digits > 1:
        digits += 1
    for digit in range(digits - 1, -1, -1):
        for i in range(len(x)):
            p, d, t, s = power[i], power_slope[i], total[i], slope[i]
            total[i] = t + p * t
            slope[i] = s + (d * t + p * s)
            power[i] = p * p
            power_slope[i] = 2 * p * d
        if length >> digit & 1:
            for i in range(len(x)):
                p, d, t, s = power[i], power_slope[i], total[i], slope[i]
                total[i] = 1 + x[i] * t
                slope[i] = t + x[i] * s
                power[i] = x[i] * p
                power_slope[i] = p + x[i] * d


@numba.njit(inline="always")
def _are_single(lengths: Integers, run: int, way: int) -> bool:
    """Whether that many runs are of one period each."""
    longest = 0
    for step in range(_FOUR):
        longest = max(longest, lengths[run + step * way])
    return longest == 1


@compiled("void(float64[:,::1], int64[::1], boolean, float64[::1], float64[:,::1])")
def _polynomial(rows: Numbers, lengths: Integers, from_last: bool, x: Numbers, out: Numbers) -> None:
    """Rows value and slope by Horner's rule, a run of alike amounts at a time."""
    value, slope = out[0], out[1]
    powers = np.empty((4, len(x)))
    value[:] = slope[:] = 0.0
    way = -1 if from_last else 1
    run, left = (len(lengths) - 1 if from_last else 0), len(lengths)
    while left:
        amounts = rows[run]
        if left >= _FOUR and _are_single(lengths, run, way):
            # Value and slope are read and written a quarter as often.
            second, third, fourth = rows[run + way], rows[run + 2 * way], rows[run + 3 * way]
            for i in range(len(x)):
                v, s, y = value[i], slope[i], x[i]
                v, s = v * y + amounts[i], s * y + v
                v, s = v * y + second[i], s * y + v
                v, s = v * y + third[i], s * y + v
                value[i], slope[i] = v * y + fourth[i], s * y + v
            run, left = run + _FOUR * way, left - _FOUR
            continue
        if lengths[run] == 1:
            for i in range(len(x)):
                slope[i] = slope[i] * x[i] + value[i]
                value[i] = value[i] * x[i] + amounts[i]
        else:
            _geometric(lengths[run], x, powers)
            for i in range(len(x)):
                slope[i] = slope[i] * powers[0, i] + value[i] * powers[1, i] + amounts[i] * powers[3, i]
                value[i] = value[i] * powers[0, i] + amounts[i] * powers[2, i]
        run, left = run + way, left - 1


@compiled("void(float64[:,::1], int64[::1], float64, float64[:,::1], float64[::1])")
def _near_roots(rows: Numbers, lengths: Integers, start: float, sums: Numbers, x: Numbers) -> None:
    """A step of Halley's from the start, at which the powers are the same for all; the sums are the value and
    its first two derivatives, times the start and its square. One that leads far away is not taken."""
    value, slope, bend = sums[0], sums[1], sums[2]
    sums[:] = 0.0
    power, period = 1.0, 0
    for run in range(len(lengths)):
        amounts = rows[run]
        first = second = third = 0.0
        for _ in range(lengths[run]):
            first += power
            second += power * period
            third += power * period * (period - 1)
            power *= start
            period += 1
        for i in range(len(x)):
            value[i] += amounts[i] * first
            slope[i] += amounts[i] * second
            bend[i] += amounts[i] * third
    for i in range(len(x)):
        step = 2 * value[i] * slope[i] / (2 * slope[i] * slope[i] - value[i] * bend[i])
        x[i] = start - start * step if abs(step) < 0.5 else start


@compiled("void(float64[:,::1], int64[::1], float64, float64[::1], float64[::1])")
def _roots_of_strip(rows: Numbers, lengths: Integers, start: float, changes: Numbers, x: Numbers) -> None:
    lanes = len(x)
    total, last, low, high = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes), np.ones(lanes)
    moved, from_last, from_first = np.empty(lanes), np.empty((2, lanes)), np.empty((2, lanes))
    sums = np.empty((3, lanes))
    forward, done = np.empty(lanes, dtype=np.bool_), np.empty(lanes, dtype=np.bool_)
    changes[:] = 0.0
    for run in range(len(lengths)):
        for i in range(lanes):
            amount = rows[run, i]
            total[i] += amount * lengths[run]
            changes[i] += 1.0 if (amount > 0 and last[i] < 0) or (amount < 0 and last[i] > 0) else 0.0
            last[i] = amount if amount != 0 else last[i]
    _near_roots(rows, lengths, start, sums, x)
    for i in range(lanes):
        forward[i] = (total[i] > 0) == (last[i] > 0)
        done[i] = changes[i] != 1
        x[i] = min(x[i] if forward[i] else 1 / x[i], 1.0)
    for step in range(ROOT_STEPS):
        if forward.any():
            _polynomial(rows, lengths, True, x, from_last)
        if not forward.all():
            _polynomial(rows, lengths, False, x, from_first)
        left = 0
        for i in range(lanes):
            value = from_last[0, i] if forward[i] else from_first[0, i]
            slope = from_last[1, i] if forward[i] else from_first[1, i]
            near_low = (value > 0) == ((last[i] > 0) != forward[i])
            low[i] = x[i] if near_low else low[i]
            high[i] = high[i] if near_low else x[i]
            newton = x[i] - value / slope
            settled = abs(newton - x[i]) <= ROOT_PRECISION * x[i]
            creeps = step >= EARLY_STEPS and abs(newton - x[i]) > 0.5 * abs(moved[i])
            inside = settled or (low[i] < newton < high[i] and not creeps)
            following = newton if inside else (low[i] + high[i]) * 0.5
            moved[i] = following - x[i]
            x[i] = x[i] if done[i] else following
            done[i] = done[i] or settled
            left += not done[i]
        if left == 0:
            break
    for i in range(lanes):
        rate = (1 / x[i] if forward[i] else x[i]) - 1
        x[i] = rate if changes[i] == 1 else np.nan


@compiled("void(float64[:,::1], int64[::1], float64, float64[::1], float64[::1])")
def single_roots(rows: Numbers, lengths: Integers, start: float, changes: Numbers, out: Numbers) -> None:
    """Some neighbouring flows at a time: a step of all of them is one that the processor can do for several
    at once."""
    for first in range(0, len(out), STRIP):
        strip = slice(first, min(first + STRIP, len(out)))
        _roots_of_strip(rows[:, strip].copy(), lengths, start, changes[strip], out[strip])
