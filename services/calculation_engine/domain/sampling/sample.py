"""The uncertain inputs of one run: their values block by block, correlated as the model says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.formula.draws import Registers
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.replicates import REPLICATES
from services.calculation_engine.domain.sampling import uniforms
from services.calculation_engine.domain.sampling.copula import Copula, correlate
from services.calculation_engine.domain.sampling.distributions import SomeLaw
from services.calculation_engine.domain.sampling.inverses import NOTHING, CompiledSteps, Inverses
from services.schemas.simulation import Sampler

Rows = NDArray[np.int64]


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


class JointLaw:
    """How uncertain inputs are distributed together: each by its law, their ranks by the copula. Their order
    is alphabetical."""

    def __init__(self, laws: Mapping[str, SomeLaw], copula: Copula) -> None:
        self.names = tuple(sorted(laws))
        self._inverses = Inverses([laws[name] for name in self.names])
        self._copula = copula
        self._correlated = [self.names.index(name) for name in copula.names]

    def places(self, rows: Mapping[str, int]) -> Rows:
        """The inputs' registers as `Sample.fill` wants them."""
        return np.array([rows[name] for name in self.names], dtype=np.int64)

    @property
    def compiled(self) -> CompiledSteps | None:
        """All that makes values of probabilities, if it is one call of the loops."""
        return None if self._copula.names else self._inverses.compiled

    def replace(
        self, loops: Loops, places: Rows, registers: Registers, points: uniforms.Points, start: int
    ) -> None:
        """Replaces a block of independent probabilities by the inputs' values; where there are points, it is
        made of those from the point `start`."""
        with np.errstate(all="ignore"):
            if self._copula.names:
                NOTHING.over(loops, places, registers, points, start)
                correlate(loops, self._copula, places[self._correlated], registers)
                points = uniforms.NO_POINTS
            self._inverses.over(loops, places, registers, points, start)


class Sample:
    """The values of uncertain inputs under one design."""

    def __init__(self, law: JointLaw, design: Design) -> None:
        self.law = law
        self._sampler = design.sampler
        names = [f"{name}#{design.copy}" for name in law.names] if design.copy else law.names
        self._streams = [
            uniforms.Stream(design.seed, name, dimension, design.draws)
            for dimension, name in enumerate(names, design.copy * len(names))
        ]
        sobol = design.sampler == "sobol" and self._streams
        self._points = uniforms.Points.of(self._streams) if sobol else uniforms.NO_POINTS

    @property
    def points(self) -> uniforms.Points | None:
        """What the loops make all probabilities of, if they do."""
        return self._points if self._sampler == "sobol" else None

    def fill(self, loops: Loops, start: int, places: Rows, registers: Registers) -> None:
        """Puts the block that begins with draw `start` into the inputs' registers."""
        if self._sampler != "sobol":
            for stream, row in zip(self._streams, places, strict=True):
                registers[row, :BLOCK] = uniforms.block_of_uniforms(self._sampler, stream, start)
        self.law.replace(loops, places, registers, self._points, start // REPLICATES)
