"""The internal rates of return of many flows at once.

Everything is done in y = ln(1 + rate), where the search is even, and the NPV is divided by its largest
discount factor, so that it cannot overflow; that keeps its sign and its zeros.
"""

import math

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.financial import LOG_RATES

Draws = NDArray[np.float64]
Table = NDArray[np.float64]

_STEPS = 16
_COARSE = 20


def irr(flows: Table) -> Draws:
    """Each flow's only rate of return per period; NaN for a flow that has none, or several, from -99 % to
    100,000 %.

    A flow that changes its sign once has one root at most, so a coarse search brackets it; the others are
    searched as finely as a single flow is.
    """
    result = np.full(len(flows), math.nan)
    changes = _sign_changes(flows)
    for rows, grid in ((changes == 1, LOG_RATES[::_COARSE]), (changes > 1, LOG_RATES)):
        chosen = np.flatnonzero(rows)
        if chosen.size:
            result[chosen] = _single_roots(flows[chosen], grid)
    return result


def _single_roots(flows: Table, grid: Draws) -> Draws:
    periods = flows.shape[1] - 1
    negative = flows @ _weights(grid, periods).T < 0
    crossings = negative[:, 1:] != negative[:, :-1]
    single = np.flatnonzero(np.count_nonzero(crossings, axis=1) == 1)
    at = np.argmax(crossings[single], axis=1)
    result = np.full(len(flows), math.nan)
    result[single] = np.expm1(_refine(flows[single], grid[at], grid[at + 1]))
    return result


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


def _sign_changes(flows: Table) -> NDArray[np.intp]:
    changes = np.zeros(len(flows), dtype=np.intp)
    last = np.zeros(len(flows))
    for column in flows.T:
        sign = np.sign(column)
        changes += sign * last < 0
        last = np.where(sign != 0, sign, last)
    return changes
