"""The loops in NumPy."""

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain import histogram
from services.calculation_engine.domain.formula.operations import OPERATIONS
from services.calculation_engine.domain.loops.shared import (
    BLOCK,
    EARLY_STEPS,
    EXACT,
    INVERT,
    ROOT_PRECISION,
    ROOT_STEPS,
    STRETCH,
    Drawing,
)
from services.calculation_engine.domain.replicates import REPLICATES, by_replicate, folded
from services.calculation_engine.domain.sampling import sobol, tables

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint32]
Truths = NDArray[np.bool_]

_OPERATIONS = [OPERATIONS[name] for name in EXACT]


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
    points = low ^ sobol.high_points(words[:, : sobol.DIGITS], start)[:, np.newaxis]
    for row, block, keys in zip(rows.tolist(), points, words[:, sobol.DIGITS :], strict=False):
        scrambled = sobol.scrambled(block, keys).reshape(-1)
        registers[row, : len(scrambled)] = (scrambled + 0.5) * sobol.STEP
    for (code, place, table), (first, second, third, fourth) in zip(
        steps.tolist(), parameters.tolist(), strict=True
    ):
        column = registers[rows[place], :BLOCK]
        if code == STRETCH:
            column[:] = _within(first + second * column, third, fourth)
        elif code == INVERT:
            column[:] = _within(first + second * _inverse(tables[table], column), third, fourth)
        else:
            column[:] = _triangular(column, first, second, third)


def _within(values: Numbers, low: float, high: float) -> Numbers:
    # Unlike NumPy's minimum and maximum this is sure of the sign of zero.
    return np.where(values < low, low, np.where(values > high, high, values))


def _inverse(table: Numbers, probability: Numbers) -> Numbers:
    upper = probability > 0.5
    bits = np.where(upper, 1 - probability, probability).view(np.int64)
    c = table[upper.view(np.int8), (bits >> tables.SHIFT) - tables.FIRST]
    inside = (bits & tables.INSIDE) * (1.0 / (1 << tables.SHIFT))
    values: Numbers = ((c[:, 3] * inside + c[:, 2]) * inside + c[:, 1]) * inside + c[:, 0]
    return values


def _triangular(probability: Numbers, low: float, mode: float, high: float) -> Numbers:
    width = high - low
    below = (mode - low) / width
    rising = low + width * np.sqrt(probability * below)
    falling = high - width * np.sqrt((1 - probability) * (1 - below))
    return np.where(probability < below, rising, falling)


def read_cubics(table: Numbers, column: Numbers) -> None:
    cell = np.minimum(column.astype(np.int64), len(table) - 1)
    c, x = table[cell], column - cell
    column[:] = ((c[:, 3] * x + c[:, 2]) * x + c[:, 1]) * x + c[:, 0]


def run(instructions: Integers, registers: Numbers, size: int) -> None:
    columns = registers[:, :size]
    for code, result, *arguments in instructions.tolist():
        operation = _OPERATIONS[code]
        columns[result] = operation.on_draws(*(columns[row] for row in arguments[: operation.arity]))


def weigh(registers: Numbers, rows: Integers, weights: Numbers, ends: Integers, out: Numbers) -> None:
    first = 0
    for total, end in zip(out, ends.tolist(), strict=True):
        total[:] = 0
        for row, weight in zip(rows[first:end].tolist(), weights[first:end].tolist(), strict=True):
            np.add(total, weight * registers[row, : len(total)], out=total)
        first = end


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
    for row in amounts.tolist():
        # NaN compares as false.
        usable &= np.abs(registers[row, : len(usable)]) < limit
    weigh(registers, rows, weights, ends, out)
    return int(np.count_nonzero(usable))


def present_values(
    drawing: Drawing,
    amounts: Integers,
    limit: float,
    usable: Truths,
    rows: Integers,
    weights: Numbers,
    ends: Integers,
    out: Numbers,
) -> int:
    low, words, start, steps, parameters, tables, places, registers, instructions = drawing
    count = 0
    for first in range(0, len(usable), BLOCK):
        block = slice(first, min(first + BLOCK, len(usable)))
        point = start + first // REPLICATES
        draw(low, words, point, steps, parameters, tables, places, registers)
        run(instructions, registers, block.stop - first)
        count += totals(registers, amounts, limit, usable[block], rows, weights, ends, out[:, block])
    return count


def sum_up(
    values: Numbers,
    centre: float,
    width: float,
    moments: Numbers,
    infinite: Integers,
    ends: Numbers,
    counts: Integers,
) -> None:
    finite = np.isfinite(values)
    off = np.where(finite, values - centre, 0.0)
    moments[0] = by_replicate(finite)
    moments[1] = folded(off).sum(axis=0)
    moments[2] = folded(off * off).sum(axis=0)
    infinite[:] = by_replicate(np.isposinf(values))
    within = values[finite]
    ends[:] = (within.min(), within.max()) if within.size else (np.inf, -np.inf)
    if counts.size:
        scale = histogram.Scale(centre, width)
        for replicate, row in enumerate(counts):
            own = slice(replicate, None, REPLICATES)
            row[:] = np.bincount(scale.bins_of(values[own][finite[own]]), minlength=histogram.BINS)


def payback(rows: Numbers, at: Integers, factors: Numbers, out: Numbers) -> None:
    cumulative = np.zeros(len(out))
    was_below = np.zeros(len(out), dtype=np.bool_)
    found = np.zeros(len(out), dtype=np.bool_)
    out[:] = np.inf
    for period, (row, factor) in enumerate(zip(at.tolist(), factors.tolist(), strict=True)):
        flows = rows[row] * factor
        before = cumulative.copy()
        cumulative += flows
        back = was_below & ~found & (cumulative >= 0)
        if back.any():
            out[back] = period - 1 - before[back] / flows[back]
            found |= back
        was_below |= cumulative < 0
    out[~was_below] = 0.0


def single_roots(rows: Numbers, lengths: Integers, start: float, changes: Numbers, out: Numbers) -> None:
    total = np.zeros(rows.shape[1])
    last = np.zeros(rows.shape[1])
    changes[:] = 0
    for amounts, length in zip(rows, lengths.tolist(), strict=True):
        total += amounts * length
        changes += np.sign(amounts) * last < 0
        last = np.where(amounts != 0, amounts, last)
    forward = (total > 0) == (last > 0)
    x = _near_roots(rows, lengths, start)
    x = np.minimum(np.where(forward, x, 1 / x), 1.0)
    low, high = np.zeros(len(x)), np.ones(len(x))
    # The sign towards zero: a flow's first, seen forward, is the opposite of its last.
    begins_positive = (last > 0) != forward
    done = changes != 1
    moved = np.zeros(len(x))
    for step in range(ROOT_STEPS):
        value, slope = np.where(
            forward,
            _polynomial(rows[::-1], lengths[::-1], x),
            _polynomial(rows, lengths, x),
        )
        near_low = (value > 0) == begins_positive
        low, high = np.where(near_low, x, low), np.where(near_low, high, x)
        newton = x - value / slope
        settled = np.abs(newton - x) <= ROOT_PRECISION * x
        creeps = (step >= EARLY_STEPS) & (np.abs(newton - x) > 0.5 * np.abs(moved))
        inside = settled | ((newton > low) & (newton < high) & ~creeps)
        following = np.where(inside, newton, (low + high) * 0.5)
        moved = following - x
        x = np.where(done, x, following)
        done |= settled
        if done.all():
            break
    out[:] = np.where(changes == 1, np.where(forward, 1 / x, x) - 1, np.nan)


def _near_roots(rows: Numbers, lengths: Integers, start: float) -> Numbers:
    value, slope, bend = np.zeros((3, rows.shape[1]))
    power, period = 1.0, 0
    for amounts, length in zip(rows, lengths.tolist(), strict=True):
        first = second = third = 0.0
        for _ in range(length):
            first += power
            second += power * period
            third += power * period * (period - 1)
            power *= start
            period += 1
        value += amounts * first
        slope += amounts * second
        bend += amounts * third
    step = 2 * value * slope / (2 * slope * slope - value * bend)
    return np.where(np.abs(step) < 0.5, start - start * step, start)


def _polynomial(rows: Numbers, lengths: Integers, x: Numbers) -> tuple[Numbers, Numbers]:
    """Value and slope by Horner's rule, from the first row on."""
    value, slope = np.zeros(len(x)), np.zeros(len(x))
    for amounts, length in zip(rows, lengths.tolist(), strict=True):
        if length == 1:
            slope = slope * x + value
            value = value * x + amounts
        else:
            power, power_slope, total, total_slope = _geometric(length, x)
            slope = slope * power + value * power_slope + amounts * total_slope
            value = value * power + amounts * total
    return value, slope


def _geometric(length: int, x: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    power, power_slope, total, slope = x, np.ones(len(x)), np.ones(len(x)), np.zeros(len(x))
    for digit in f"{length:b}"[1:]:
        total, slope = total + power * total, slope + (power_slope * total + power * slope)
        power, power_slope = power * power, 2 * power * power_slope
        if digit == "1":
            total, slope = 1 + x * total, total + x * slope
            power, power_slope = x * power, power + x * power_slope
    return power, power_slope, total, slope
