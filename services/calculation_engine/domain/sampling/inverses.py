"""From probabilities to the values of laws, a row an input; what the loops do for many rows is one call."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK, INVERT, STRETCH, TRIANGULAR
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
from services.calculation_engine.domain.sampling.tables import Shape, stacked
from services.calculation_engine.domain.sampling.uniforms import NO_POINTS, Points

Rows = NDArray[np.int64]
Registers = NDArray[np.float64]

_UNBOUNDED = (-math.inf, math.inf)

# Standard normal values are nearer to 0, as probabilities are not nearer to 0 and 1 than LEAST and MOST.
_FARTHEST = 9.0
_LARGEST_LOGARITHM = 709.0
_WIDEST = 1.0
"""The widest lognormal law (its sigma) whose table is as exact as the normal one's."""


class _Step(NamedTuple):
    """One of the loops' own, which replaces a row's numbers: see `Loops.draw`."""

    code: int
    parameters: tuple[float, float, float, float]
    shape: Shape | None = None


Steps = Sequence[_Step | Callable[[Numbers], None]]
"""What a law's row goes through; a function replaces the numbers that it is given."""


class Inverses:
    """Replaces probabilities by the values of some laws; NaN where one is beyond float64."""

    def __init__(self, laws: Sequence[SomeLaw | Law]) -> None:
        stages = [*zip_longest(*(_steps(law) for law in laws))]
        self._first = _compiled(stages[0] if stages else [])
        self._others: list[CompiledSteps | _ByNumPy] = [
            part for stage in stages[:1] for part in _by_numpy(stage)
        ]
        for stage in stages[1:]:
            if any(isinstance(step, _Step) for step in stage):
                self._others.append(_compiled(stage))
            self._others += _by_numpy(stage)

    @property
    def compiled(self) -> "CompiledSteps | None":
        """All steps, if there are none but those of one call of the loops."""
        return None if self._others else self._first

    def over(
        self, loops: Loops, rows: Rows, registers: Registers, points: Points = NO_POINTS, start: int = 0
    ) -> None:
        """Replaces the first BLOCK numbers in the laws' rows, or, where there are points, makes them: those
        from the point `start`. NumPy's warnings must be off."""
        self._first.do(loops, rows, registers, points, start)
        for part in self._others:
            part.do(loops, rows, registers)


class CompiledSteps(NamedTuple):
    """Steps for the loops: code, whose row, which table."""

    steps: NDArray[np.int64]
    parameters: Numbers
    tables: Numbers

    def do(
        self, loops: Loops, rows: Rows, registers: Registers, points: Points = NO_POINTS, start: int = 0
    ) -> None:
        loops.draw(*points, start, self.steps, self.parameters, self.tables, rows, registers)


@dataclass(frozen=True)
class _ByNumPy:
    """A step of one row that is NumPy's whichever loops serve."""

    place: int
    step: Callable[[Numbers], None]

    def do(self, _: Loops, rows: Rows, registers: Registers) -> None:
        self.step(registers[rows[self.place], :BLOCK])


Stage = Sequence[_Step | Callable[[Numbers], None] | None]
"""A step at most of each law, by place."""


def _compiled(stage: Stage) -> CompiledSteps:
    compiled = {place: step for place, step in enumerate(stage) if isinstance(step, _Step)}
    shapes = sorted({step.shape for step in compiled.values() if step.shape is not None})
    steps = [
        (step.code, place, shapes.index(step.shape) if step.shape is not None else 0)
        for place, step in compiled.items()
    ]
    return CompiledSteps(
        np.array(steps, dtype=np.int64).reshape(-1, 3),
        np.array([step.parameters for step in compiled.values()]).reshape(-1, 4),
        stacked(shapes),
    )


def _by_numpy(stage: Stage) -> list[_ByNumPy]:
    return [
        _ByNumPy(place, step)
        for place, step in enumerate(stage)
        if step is not None and not isinstance(step, _Step)
    ]


@dataclass(frozen=True, slots=True)
class _Exponential:
    """Of numbers that are not above `largest`."""

    largest: float

    def __call__(self, column: Numbers) -> None:
        np.exp(column, out=column)
        if self.largest > _LARGEST_LOGARITHM:
            column[np.isinf(column)] = np.nan


def _steps(law: SomeLaw | Law) -> Steps:
    return _STEPS.get(type(law), _by_formula)(law)


def _stretch(shift: float, scale: float, low: float, high: float) -> _Step:
    return _Step(STRETCH, (shift, scale, low, high))


def _lognormal(law: LognormalLaw) -> Steps:
    largest = law.mu + _FARTHEST * law.sigma
    if law.sigma <= _WIDEST and largest < _LARGEST_LOGARITHM:
        return [_Step(INVERT, (0.0, math.exp(law.mu), *_UNBOUNDED), (law.sigma,))]
    return [_Step(INVERT, (law.mu, law.sigma, *_UNBOUNDED), ()), _Exponential(largest)]


def _beta(law: BetaLaw) -> Steps:
    return [_Step(INVERT, (law.low, law.high - law.low, law.low, law.high), (law.alpha, law.beta))]


def _truncated(law: TruncatedLaw) -> Steps:
    below, above = law.bounds
    return [
        _stretch(below, above - below, LEAST, MOST),
        *_steps(law.law),
        _stretch(0.0, 1.0, law.low, law.high),
    ]


def _by_formula(law: Law) -> Steps:
    def step(column: Numbers) -> None:
        column[:] = law.quantile(column)

    return [step]


_STEPS: dict[type, Callable[..., Steps]] = {
    UniformLaw: lambda law: [_stretch(law.low, law.high - law.low, law.low, law.high)],
    TriangularLaw: lambda law: [_Step(TRIANGULAR, (law.low, law.mode, law.high, 0.0))],
    NormalLaw: lambda law: [_Step(INVERT, (law.mean, law.sd, *_UNBOUNDED), ())],
    LognormalLaw: _lognormal,
    BetaLaw: _beta,
    TruncatedLaw: _truncated,
}

NOTHING = Inverses([])
"""Leaves all numbers as they are."""
