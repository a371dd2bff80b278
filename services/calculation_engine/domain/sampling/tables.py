"""Inverse distribution functions from tables: a few multiplications a draw, whatever the law.

A table holds cubics over (0, 1/2], and over the same mirrored for the upper half of a law. Its cells are
the float64 numbers that share exponent and first five binary digits, 32 cells to an octave from 2^-54 to 1/2:
they are found by a shift of the number's bits, and grow finer towards the tails just as the laws' inverses
grow steeper. The error is below 2e-8 standard deviations for the normal law, below 1e-8 of the value itself
for a lognormal one whose sigma is at most 1, and that of the inverse it is made from where this is greater.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.sampling.beta import beta_quantile_table
from services.calculation_engine.domain.sampling.laws import LEAST, Numbers
from services.calculation_engine.domain.sampling.normal import normal_density, normal_quantile

Table = NDArray[np.float64]

DIGITS = 5
SHIFT = 52 - DIGITS
INSIDE = (1 << SHIFT) - 1
FIRST = int(np.float64(LEAST).view(np.int64)) >> SHIFT
CELLS = (int(np.float64(0.5).view(np.int64)) >> SHIFT) - FIRST + 1

# A cubic through four points of a cell, its ends among them: neighbours meet.
_NODES = np.array([0.0, 0.25, 0.75, 1.0])
_COEFFICIENTS = np.linalg.inv(np.vander(_NODES, increasing=True))


Shape = tuple[float, ...]
"""Whose inverse a table holds: of the standard normal law (no number), of the lognormal one whose logarithm
is that times sigma (one), of the beta law with alpha and beta (two)."""


@lru_cache(maxsize=512)
def table_of(shape: Shape) -> Table:
    """The inverse of a distribution function; remembered."""
    return _table(*_HALVES[len(shape)](*shape))


def stacked(shapes: Sequence[Shape]) -> Table:
    """The tables of some shapes, one after the other."""
    stack: Table = np.empty((len(shapes), 2, CELLS, 4))
    for table, shape in zip(stack, shapes, strict=True):
        table[:] = table_of(shape)
    return stack


@lru_cache(maxsize=1)
def _normal_halves() -> tuple[Numbers, Numbers]:
    lower = normal_quantile(_probabilities())
    return lower, -lower


def _lognormal_halves(sigma: float) -> tuple[Numbers, Numbers]:
    lower, upper = _normal_halves()
    return np.exp(sigma * lower), np.exp(sigma * upper)


def _beta_halves(alpha: float, beta: float) -> tuple[Numbers, Numbers]:
    probabilities = _probabilities()
    lower = beta_quantile_table(alpha, beta).quantile(probabilities)
    mirrored = beta_quantile_table(beta, alpha).quantile(probabilities)
    return lower, 1 - mirrored


_HALVES: Sequence[Callable[..., tuple[Numbers, Numbers]]] = (
    _normal_halves,
    _lognormal_halves,
    _beta_halves,
)


def _probabilities() -> Numbers:
    """The nodes of all cells, cell by cell."""
    bits = (np.arange(CELLS, dtype=np.int64) + FIRST) << SHIFT
    starts = bits.view(np.float64)
    widths = np.concatenate((np.diff(starts), [starts[-1] / 2**DIGITS]))
    # The last cell holds 1/2 alone.
    widths[-1] = 0
    nodes: Numbers = starts[:, np.newaxis] + widths[:, np.newaxis] * _NODES
    return nodes.reshape(-1)


def _table(lower: Numbers, upper: Numbers) -> Table:
    values = np.stack((lower, upper)).reshape(2, CELLS, 4)
    cubics = np.einsum("ij,hcj->hci", _COEFFICIENTS, values)
    # The value itself at a cell's beginning, without rounding.
    cubics[..., 0] = values[..., 0]
    return np.ascontiguousarray(cubics)


MILLS_CELLS = 64
MILLS_LAST = 9.0


@lru_cache(maxsize=1)
def mills_table() -> Table:
    """Cubics of P(Z > z) / exp(-z^2 / 2), MILLS_CELLS to a unit of z, from 0 to MILLS_LAST."""
    cells = np.arange(int(MILLS_LAST * MILLS_CELLS))
    z = (cells[:, np.newaxis] + _NODES) / MILLS_CELLS
    ratios = [_mills(float(value)) for value in z.reshape(-1)]
    table: Table = np.einsum("ij,cj->ci", _COEFFICIENTS, np.array(ratios).reshape(z.shape))
    return table


def _mills(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2 / (normal_density(z) * math.sqrt(2 * math.pi))
