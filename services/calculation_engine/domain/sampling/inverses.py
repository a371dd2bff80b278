"""From probabilities to the values of laws, a row an input; inputs take the same step together."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.sampling.distributions import SomeLaw
from services.calculation_engine.domain.sampling.laws import (
    LEAST,
    MOST,
    BetaLaw,
    Law,
    LognormalLaw,
    NormalLaw,
    Numbers,
    TriangularLaw,
    TruncatedLaw,
    UniformLaw,
)
from services.calculation_engine.domain.sampling.tables import Table, beta_table, normal_table

Rows = NDArray[np.int64]
Registers = NDArray[np.float64]
Do = Callable[[Loops, Numbers, Rows, Registers], None]
"""Takes a step with some rows; parameters have a row each, too."""
Steps = Sequence[tuple[Do, *tuple[float, ...]]]

_UNBOUNDED = (-math.inf, math.inf)

# Standard normal values are nearer to 0, as probabilities are not nearer to 0 and 1 than LEAST and MOST.
_FARTHEST = 9.0
_LARGEST_LOGARITHM = 709.0


@dataclass(frozen=True)
class Inverse:
    """A step, and which of some laws take it (by place) with which parameters."""

    do: Do
    places: Rows
    parameters: Numbers

    def over(self, loops: Loops, rows: Rows, registers: Registers) -> None:
        """Replaces the first BLOCK numbers in the rows of the laws that take this step. NumPy's warnings must
        be off."""
        self.do(loops, self.parameters, rows[self.places], registers)


def inverses_of(laws: Sequence[SomeLaw | Law]) -> list[Inverse]:
    """The steps, to be taken in this order, that replace probabilities by the laws' values; NaN where one is
    beyond float64."""
    found: list[Inverse] = []
    for stage in zip_longest(*(list(_steps(law)) for law in laws)):
        takers: dict[Do, dict[int, tuple[float, ...]]] = {}
        for place, step in enumerate(stage):
            if step is not None:
                do, *parameters = step
                takers.setdefault(do, {})[place] = tuple(parameters)
        found += [
            Inverse(do, np.array(list(those)), np.array(list(those.values()))) for do, those in takers.items()
        ]
    return found


@dataclass(frozen=True)
class _Tabulated:
    """Reads the table of a beta law, or without a shape the normal law's."""

    shape: tuple[float, float] | None = None

    @cached_property
    def _table(self) -> Table:
        return beta_table(*self.shape) if self.shape else normal_table()

    def __call__(self, loops: Loops, parameters: Numbers, rows: Rows, registers: Registers) -> None:
        loops.invert(self._table, parameters, rows, registers)


@dataclass(frozen=True)
class _ByFormula:
    law: Law

    def __call__(self, _: Loops, __: Numbers, rows: Rows, registers: Registers) -> None:
        for row in rows:
            registers[row, :BLOCK] = self.law.quantile(registers[row, :BLOCK])


def _stretch(loops: Loops, parameters: Numbers, rows: Rows, registers: Registers) -> None:
    loops.stretch(parameters, rows, registers)


def _triangular(loops: Loops, parameters: Numbers, rows: Rows, registers: Registers) -> None:
    loops.triangular(parameters, rows, registers)


def _exp(_: Loops, parameters: Numbers, rows: Rows, registers: Registers) -> None:
    for row, (largest,) in zip(rows, parameters.tolist(), strict=True):
        column = registers[row, :BLOCK]
        np.exp(column, out=column)
        if largest > _LARGEST_LOGARITHM:
            column[np.isinf(column)] = np.nan


def _clip(_: Loops, parameters: Numbers, rows: Rows, registers: Registers) -> None:
    for row, (low, high) in zip(rows, parameters.tolist(), strict=True):
        column = registers[row, :BLOCK]
        np.clip(column, low, high, out=column)


def _steps(law: SomeLaw | Law) -> Steps:
    return _STEPS.get(type(law), _by_formula)(law)


def _lognormal(law: LognormalLaw) -> Steps:
    largest = law.mu + _FARTHEST * law.sigma
    return [(_Tabulated(), law.mu, law.sigma, *_UNBOUNDED), (_exp, largest)]


def _beta(law: BetaLaw) -> Steps:
    return [(_Tabulated((law.alpha, law.beta)), law.low, law.high - law.low, law.low, law.high)]


def _truncated(law: TruncatedLaw) -> Steps:
    below, above = law.bounds
    return [(_stretch, below, above - below, LEAST, MOST), *_steps(law.law), (_clip, law.low, law.high)]


def _by_formula(law: Law) -> Steps:
    return [(_ByFormula(law),)]


_STEPS: dict[type, Callable[..., Steps]] = {
    UniformLaw: lambda law: [(_stretch, law.low, law.high - law.low, law.low, law.high)],
    TriangularLaw: lambda law: [(_triangular, law.low, law.mode, law.high)],
    NormalLaw: lambda law: [(_Tabulated(), law.mean, law.sd, *_UNBOUNDED)],
    LognormalLaw: _lognormal,
    BetaLaw: _beta,
    TruncatedLaw: _truncated,
}
