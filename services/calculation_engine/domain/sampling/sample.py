"""The uncertain inputs of one run: their values block by block, correlated as the model says."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.calculation_engine.domain.formula.draws import Registers
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.sampling import uniforms
from services.calculation_engine.domain.sampling.copula import Copula
from services.calculation_engine.domain.sampling.distributions import SomeLaw, law_of
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
from services.calculation_engine.domain.sampling.tables import (
    Table,
    beta_table,
    normal_probabilities,
    normal_table,
)
from services.schemas.distributions import Distribution
from services.schemas.simulation import Sampler

Inverse = Callable[[Loops, Numbers], None]

# Standard normal values are nearer to 0, as probabilities are not nearer to 0 and 1 than LEAST and MOST.
_FARTHEST = 9.0
_LARGEST_LOGARITHM = 709.0


@dataclass(frozen=True)
class Design:
    """How to draw: `draws` numbers in all, and which of several independent samples this is."""

    sampler: Sampler
    seed: int
    draws: int
    copy: int = 0

    def copied(self, copy: int) -> "Design":
        """The same for another, independent sample."""
        return replace(self, copy=copy)


class Sample:
    """The values of the uncertain inputs, whose order is alphabetical."""

    def __init__(self, inputs: Mapping[str, Distribution], copula: Copula, design: Design) -> None:
        self.names = tuple(sorted(inputs))
        self._sampler = design.sampler
        self._streams = [
            uniforms.Stream(
                design.seed,
                f"{name}#{design.copy}" if design.copy else name,
                place + design.copy * len(self.names),
                design.draws,
            )
            for place, name in enumerate(self.names)
        ]
        sobol = design.sampler == "sobol" and self._streams
        self._sobol = uniforms.SobolStreams(self._streams) if sobol else None
        self._inverses = [inverse_of(law_of(inputs[name])) for name in self.names]
        self._copula = copula

    def fill(self, loops: Loops, start: int, rows: Mapping[str, int], registers: Registers) -> None:
        """Puts the block that begins with draw `start` into the inputs' registers."""
        places = [rows[name] for name in self.names]
        columns = [registers[row, :BLOCK] for row in places]
        if self._sobol is not None:
            at = start // uniforms.REPLICATES
            low, directions, keys = self._sobol.low, self._sobol.directions, self._sobol.keys
            loops.sobol_points(low, directions, keys, at, np.array(places), registers)
        else:
            for stream, column in zip(self._streams, columns, strict=True):
                column[:] = uniforms.block_of_uniforms(self._sampler, stream, start)
        self._correlate(loops, columns)
        with np.errstate(all="ignore"):
            for inverse, column in zip(self._inverses, columns, strict=True):
                inverse(loops, column)

    def _correlate(self, loops: Loops, columns: Sequence[Numbers]) -> None:
        factor = self._copula.factor
        correlated = [columns[self.names.index(name)] for name in self._copula.names]
        independent = np.array(correlated).reshape(-1, BLOCK)
        for row in independent:
            loops.invert(normal_table(), 0.0, 1.0, -math.inf, math.inf, row)
        for index, column in enumerate(correlated):
            mixed = np.zeros(BLOCK)
            loops.weigh(independent, np.arange(index + 1), np.array(factor[index][: index + 1]), mixed)
            np.clip(normal_probabilities(mixed), LEAST, MOST, out=column)


def inverse_of(law: SomeLaw | Law) -> Inverse:
    """Replaces probabilities by the law's values; NaN where one is beyond float64."""
    return _INVERSES.get(type(law), _by_formula)(law)


def _uniform(law: UniformLaw) -> Inverse:
    width = law.high - law.low
    return lambda loops, column: loops.stretch(law.low, width, law.low, law.high, column)


def _triangular(law: TriangularLaw) -> Inverse:
    return lambda loops, column: loops.triangular(law.low, law.mode, law.high, column)


def _normal(law: NormalLaw) -> Inverse:
    return _tabulated(normal_table(), law.mean, law.sd, -math.inf, math.inf)


def _lognormal(law: LognormalLaw) -> Inverse:
    logarithm = _tabulated(normal_table(), law.mu, law.sigma, -math.inf, math.inf)
    overflows = law.mu + _FARTHEST * law.sigma > _LARGEST_LOGARITHM

    def invert(loops: Loops, column: Numbers) -> None:
        logarithm(loops, column)
        np.exp(column, out=column)
        if overflows:
            column[np.isinf(column)] = np.nan

    return invert


def _beta(law: BetaLaw) -> Inverse:
    return _tabulated(beta_table(law.alpha, law.beta), law.low, law.high - law.low, law.low, law.high)


def _tabulated(table: Table, shift: float, scale: float, low: float, high: float) -> Inverse:
    return lambda loops, column: loops.invert(table, shift, scale, low, high, column)


def _truncated(law: TruncatedLaw) -> Inverse:
    below, above = law.bounds
    whole = inverse_of(law.law)

    def invert(loops: Loops, column: Numbers) -> None:
        loops.stretch(below, above - below, LEAST, MOST, column)
        whole(loops, column)
        np.clip(column, law.low, law.high, out=column)

    return invert


def _by_formula(law: Law) -> Inverse:
    def invert(_: Loops, column: Numbers) -> None:
        column[:] = law.quantile(column)

    return invert


_INVERSES: dict[type, Callable[..., Inverse]] = {
    UniformLaw: _uniform,
    TriangularLaw: _triangular,
    NormalLaw: _normal,
    LognormalLaw: _lognormal,
    BetaLaw: _beta,
    TruncatedLaw: _truncated,
}
