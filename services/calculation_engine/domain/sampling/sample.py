"""The uncertain inputs of one run: their values block by block, correlated as the model says."""

from collections.abc import Callable, Iterable, Mapping
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
from services.calculation_engine.domain.sampling.tables import beta_table, normal_probabilities, normal_table
from services.schemas.distributions import Distribution
from services.schemas.simulation import Sampler


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
        self._sobol = uniforms.SobolStreams(self._streams if design.sampler == "sobol" else [])
        self._laws = {name: law_of(inputs[name]) for name in self.names}
        self._copula = copula

    def fill(self, loops: Loops, start: int, rows: Mapping[str, int], registers: Registers) -> None:
        """Puts the block that begins with draw `start` into the inputs' registers."""
        columns = {name: registers[rows[name], :BLOCK] for name in self.names}
        self._uniforms(loops, start, columns.values())
        self._correlate(loops, columns)
        with np.errstate(all="ignore"):
            for name, column in columns.items():
                invert(loops, self._laws[name], column)

    def _uniforms(self, loops: Loops, start: int, columns: Iterable[Numbers]) -> None:
        if self._sampler == "sobol":
            points = self._sobol.points(start)
            for block, keys, column in zip(points, self._sobol.keys, columns, strict=True):
                loops.scramble(block, keys, column)
        else:
            for stream, column in zip(self._streams, columns, strict=True):
                column[:] = uniforms.block_of_uniforms(self._sampler, stream, start)

    def _correlate(self, loops: Loops, columns: Mapping[str, Numbers]) -> None:
        names, factor = self._copula.names, self._copula.factor
        independent = np.empty((len(names), BLOCK))
        for row, name in zip(independent, names, strict=True):
            loops.invert(normal_table(), columns[name], 0.0, 1.0, row)
        for index, name in enumerate(names):
            correlated = np.zeros(BLOCK)
            places = np.arange(index + 1)
            loops.weigh(independent, places, np.array(factor[index][: index + 1]), correlated)
            np.clip(normal_probabilities(correlated), LEAST, MOST, out=columns[name])


def invert(loops: Loops, law: SomeLaw | Law, column: Numbers) -> None:
    """Replaces probabilities by the law's values; NaN where one is beyond float64."""
    _INVERSES.get(type(law), _by_formula)(loops, law, column)


def _uniform(_: Loops, law: UniformLaw, column: Numbers) -> None:
    column *= law.high - law.low
    column += law.low


def _triangular(loops: Loops, law: TriangularLaw, column: Numbers) -> None:
    loops.triangular(law.low, law.mode, law.high, column)


def _normal(loops: Loops, law: NormalLaw, column: Numbers) -> None:
    loops.invert(normal_table(), column, law.mean, law.sd, column)


def _lognormal(loops: Loops, law: LognormalLaw, column: Numbers) -> None:
    loops.invert(normal_table(), column, law.mu, law.sigma, column)
    np.exp(column, out=column)
    column[np.isinf(column)] = np.nan


def _beta(loops: Loops, law: BetaLaw, column: Numbers) -> None:
    loops.invert(beta_table(law.alpha, law.beta), column, law.low, law.high - law.low, column)
    np.clip(column, law.low, law.high, out=column)


def _truncated(loops: Loops, law: TruncatedLaw, column: Numbers) -> None:
    below, above = law.bounds
    column *= above - below
    column += below
    np.clip(column, LEAST, MOST, out=column)
    invert(loops, law.law, column)
    np.clip(column, law.low, law.high, out=column)


def _by_formula(_: Loops, law: Law, column: Numbers) -> None:
    column[:] = law.quantile(column)


_INVERSES: dict[type, Callable[..., None]] = {
    UniformLaw: _uniform,
    TriangularLaw: _triangular,
    NormalLaw: _normal,
    LognormalLaw: _lognormal,
    BetaLaw: _beta,
    TruncatedLaw: _truncated,
}
