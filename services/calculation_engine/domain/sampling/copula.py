"""Rank correlations between inputs, by a Gaussian copula.

Standard normal values with Pearson's correlation 2 sin(pi rho / 6) have Spearman's rank correlation rho (K.
Pearson, 1907), and ranks do not change under the inputs' own inverse distribution functions. A matrix of
wanted ranks that contradicts itself, or loses its definiteness under this map, is replaced by the nearest
correlation matrix (N. J. Higham, IMA J. Numer. Anal. 22 (2002) 329).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.sampling.inverses import Inverses
from services.calculation_engine.domain.sampling.laws import LEAST, MOST, NormalLaw
from services.calculation_engine.domain.sampling.tables import MILLS_CELLS, MILLS_LAST, mills_table
from services.schemas.value_model import Correlation

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]
Registers = NDArray[np.float64]

# Eigenvalues below this are raised to it, so that the factor exists.
_LEAST_EIGENVALUE = 1e-8
_STEPS = 500
_PRECISION = 1e-10
# A rank that moves by less than this moves by rounding.
_MOVED = 5e-4


@dataclass(frozen=True)
class Repaired:
    """A pair whose wanted rank correlation could not be kept."""

    first: str
    second: str
    wanted: float
    used: float


@dataclass(frozen=True)
class Copula:
    """Correlated inputs, in alphabetical order; `factor` times independent standard normal values makes
    correlated ones (lower triangular, rows of length 1)."""

    names: tuple[str, ...]
    factor: tuple[tuple[float, ...], ...]
    repaired: tuple[Repaired, ...]


INDEPENDENT = Copula((), (), ())


@lru_cache(maxsize=64)
def copula(correlations: tuple[Correlation, ...], drawn: frozenset[str]) -> Copula:
    """The copula of those pairs whose inputs are both drawn."""
    pairs = [pair for pair in correlations if {pair.first, pair.second} <= drawn and pair.rank]
    names = tuple(sorted({name for pair in pairs for name in (pair.first, pair.second)}))
    if not names:
        return INDEPENDENT
    place = {name: index for index, name in enumerate(names)}
    wanted = np.eye(len(names))
    for pair in pairs:
        at = place[pair.first], place[pair.second]
        wanted[at] = wanted[at[::-1]] = 2 * math.sin(math.pi * pair.rank / 6)
    used = wanted
    if np.linalg.eigvalsh(wanted)[0] < _LEAST_EIGENVALUE:
        used = _definite(nearest_correlation(wanted))
    factor = np.linalg.cholesky(used)
    return Copula(names, tuple(map(tuple, factor.tolist())), tuple(_repaired(names, wanted, used)))


def nearest_correlation(matrix: Matrix) -> Matrix:
    """The positive semi-definite matrix with ones on its diagonal that is nearest to a symmetric one, in
    Frobenius' norm: alternating projections with Dykstra's correction."""
    found, correction = matrix, np.zeros_like(matrix)
    for _ in range(_STEPS):
        shifted = found - correction
        values, vectors = np.linalg.eigh(shifted)
        projected = (vectors * np.maximum(values, 0)) @ vectors.T
        correction = projected - shifted
        before, found = found, projected.copy()
        np.fill_diagonal(found, 1)
        if np.abs(found - before).max() < _PRECISION:
            break
    return found


def _definite(matrix: Matrix) -> Matrix:
    """The matrix with its eigenvalues raised just above zero, and ones on its diagonal again."""
    values, vectors = np.linalg.eigh(matrix)
    raised = (vectors * np.maximum(values, 2 * _LEAST_EIGENVALUE)) @ vectors.T
    scale = 1 / np.sqrt(np.diagonal(raised))
    scaled: Matrix = raised * scale * scale[:, np.newaxis]
    return scaled


def _repaired(names: Sequence[str], wanted: Matrix, used: Matrix) -> list[Repaired]:
    before, after = _ranks(wanted), _ranks(used)
    return [
        Repaired(names[row], names[column], float(before[row, column]), float(after[row, column]))
        for row in range(len(names))
        for column in range(row + 1, len(names))
        if abs(before[row, column] - after[row, column]) > _MOVED
    ]


def _ranks(pearson: Matrix) -> Matrix:
    ranks: Matrix = np.arcsin(np.clip(pearson, -1, 1) / 2) * (6 / math.pi)
    return ranks


def correlate(loops: Loops, wanted: Copula, rows: Rows, registers: Registers) -> None:
    """Replaces independent probabilities, an input's in each row, by correlated ones."""
    independent = registers[rows, :BLOCK]
    _standard_normal(len(rows)).over(loops, np.arange(len(rows)), independent)
    mixed = np.empty_like(independent)
    sums = range(len(rows))
    weights = np.array([weight for row in sums for weight in wanted.factor[row][: row + 1]])
    columns = np.array([column for row in sums for column in range(row + 1)])
    loops.weigh(independent, columns, weights, np.cumsum([row + 1 for row in sums]), mixed)
    probabilities = np.clip(normal_probabilities(loops, mixed.reshape(-1)), LEAST, MOST)
    registers[rows, :BLOCK] = probabilities.reshape(mixed.shape)


@lru_cache(maxsize=64)
def _standard_normal(inputs: int) -> Inverses:
    return Inverses([NormalLaw(0.0, 1.0)] * inputs)


def normal_probabilities(loops: Loops, z: Matrix) -> Matrix:
    """The probabilities that a standard normal value stays below each z; relative error below 1e-9."""
    distance = np.minimum(np.abs(z), MILLS_LAST)
    tail = np.exp(-0.5 * distance * distance)
    distance *= MILLS_CELLS
    loops.read_cubics(mills_table(), distance)
    tail *= distance
    return np.where(z < 0, tail, 1 - tail)
