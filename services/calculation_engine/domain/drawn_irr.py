"""The internal rates of return of many flows at once.

A flow that changes its sign once has one rate (Descartes' rule of signs), found by Newton's steps inside a
bracket; whichever of 1 / (1 + rate) and 1 + rate is at most 1 is what is searched for, so that no power
overflows. The others are rare, and searched as finely as a single flow is, in y = ln(1 + rate).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain import financial
from services.calculation_engine.domain.loops.choice import Loops

Draws = NDArray[np.float64]
Table = NDArray[np.float64]
Integers = NDArray[np.int64]

_STEPS = 16
_USUAL = 1 / 1.1
_EVERY = 32


@dataclass(frozen=True, slots=True)
class Flows:
    """Flows that stand in columns. Neighbouring periods that are alike in all of them share a row: so many
    periods have it, `lengths`."""

    rows: Table
    lengths: Integers

    @staticmethod
    def of(table: Table) -> "Flows":
        """A row a period."""
        return Flows(table, np.ones(len(table), dtype=np.int64))

    @property
    def at(self) -> Integers:
        """Whose row each period has."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)


@dataclass(frozen=True, slots=True)
class Rates:
    """Each flow's only rate of return per period, NaN for a flow that has none or several; and which have
    several."""

    single: Draws
    several: NDArray[np.bool_]


def rates_of_return(loops: Loops, flows: Flows) -> Rates:
    """The rates of flows; several are looked for from -99 % to 100,000 %."""
    if flows.rows[0].all() and flows.rows[-1].all():
        return _rates(loops, flows)
    size = flows.rows.shape[1]
    rates = Rates(np.empty(size), np.empty(size, dtype=np.bool_))
    for columns, trimmed in _trimmed(flows):
        found = _rates(loops, trimmed)
        rates.single[columns], rates.several[columns] = found.single, found.several
    return rates


def _trimmed(flows: Flows) -> Iterator[tuple[Integers, Flows]]:
    """The columns that begin and end in the same rows, without the zeros before and after. Over those, powers
    of a rate near -100 %, or of many thousands, would leave nothing of the amounts."""
    rows, lengths = flows.rows, flows.lengths
    flowing, size = rows != 0, len(rows)
    first, end = np.argmax(flowing, axis=0), size - np.argmax(flowing[::-1], axis=0)
    extents = first * (size + 1) + end
    for extent in np.flatnonzero(np.bincount(extents)).tolist():
        columns, part = np.flatnonzero(extents == extent), slice(*divmod(extent, size + 1))
        yield columns, Flows(rows[part].take(columns, axis=1), lengths[part])


def _rates(loops: Loops, flows: Flows) -> Rates:
    size = flows.rows.shape[1]
    changes, single = np.empty(size), np.empty(size)
    with np.errstate(all="ignore"):
        loops.single_roots(flows.rows, flows.lengths, _start(loops, flows), changes, single)
    several = np.zeros(size, dtype=np.bool_)
    rare = np.flatnonzero(changes > 1)
    if rare.size:
        single[rare], several[rare] = _searched(np.ascontiguousarray(flows.rows[flows.at][:, rare].T))
    return Rates(single, several)


def _start(loops: Loops, flows: Flows) -> float:
    """The discount factor of the mean of some flows: most others' lie near it. Usual if one is no number."""
    mean = flows.rows[:, ::_EVERY].mean(axis=1, keepdims=True)
    if not np.isfinite(mean).all():
        return _USUAL
    changes, rate = np.empty(1), np.empty(1)
    loops.single_roots(mean, flows.lengths, _USUAL, changes, rate)
    return float(1 / (1 + rate[0])) if rate[0] > -1 else _USUAL


def _searched(flows: Table) -> tuple[Draws, NDArray[np.bool_]]:
    """Single roots of flows, a row a flow, and which have several."""
    grid = financial.LOG_RATES
    negative = flows @ _weights(grid, flows.shape[1] - 1).T < 0
    crossings = negative[:, 1:] != negative[:, :-1]
    count = np.count_nonzero(crossings, axis=1)
    single = np.flatnonzero(count == 1)
    at = np.argmax(crossings[single], axis=1)
    result = np.full(len(flows), math.nan)
    result[single] = np.expm1(_refine(flows[single], grid[at], grid[at + 1]))
    return result, count > 1


def _refine(flows: Table, low: Draws, high: Draws) -> Draws:
    """Roots in their brackets, by regula falsi: an end that stays twice counts half (the Illinois
    variant)."""
    at_low, at_high = _values(flows, low), _values(flows, high)
    moved_low = np.zeros(len(flows), dtype=np.bool_)
    moved_high = moved_low
    for _ in range(_STEPS):
        with np.errstate(all="ignore"):
            middle = high - at_high * (high - low) / (at_high - at_low)
        middle = np.where((middle > low) & (middle < high), middle, (low + high) / 2)
        at_middle = _values(flows, middle)
        moves = (at_middle < 0) == (at_low < 0)
        at_low, at_high = (
            np.where(moves, at_middle, at_low / (1 + moved_high)),
            np.where(moves, at_high / (1 + moved_low), at_middle),
        )
        low, high = np.where(moves, middle, low), np.where(moves, high, middle)
        moved_low, moved_high = moves, ~moves
    return np.where(np.abs(at_low) < np.abs(at_high), low, high)


def _values(flows: Table, log_rates: Draws) -> Draws:
    values: Draws = np.einsum("ij,ij->i", flows, _weights(log_rates, flows.shape[1] - 1))
    return values


def _weights(log_rates: Draws, periods: int) -> Table:
    """Discount factors, a row a rate, divided by the row's largest."""
    times = np.arange(periods + 1, dtype=np.float64)
    shift = np.where(log_rates < 0, float(periods), 0.0)
    return np.exp(-log_rates[:, np.newaxis] * (times - shift[:, np.newaxis]))
