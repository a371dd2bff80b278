"""How much each uncertain input matters: rank correlations, and Sobol' shares of variance.

Estimates are of all draws; their intervals come from the sample's independent replicates.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.drawn_figures import OUTPUTS
from services.calculation_engine.domain.drawn_flow import DrawnFlow
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.formula.draws import Registers
from services.calculation_engine.domain.interruption import between_blocks
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.replicates import REPLICATES, by_replicate, folded
from services.calculation_engine.domain.sampling.copula import INDEPENDENT
from services.calculation_engine.domain.sampling.sample import JointLaw, Sample
from services.calculation_engine.domain.statistics import T95
from services.schemas.simulation import Estimate, Output

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]

_NOTHING = Estimate(value=None, low=None, high=None)
# Fewer draws in a replicate say nothing.
_LEAST_DRAWS = 8


@dataclass(frozen=True)
class Influence:
    """The estimates of each input; `undefined` draws had no output."""

    estimates: Mapping[str, tuple[Estimate, ...]]
    evaluations: int
    undefined: int


def rank_correlations(experiment: Experiment, output: Output) -> Influence:
    """Spearman's rank correlation of each drawn input with the output. An infinite payback ranks last."""
    draws = experiment.design.draws
    columns = experiment.columns(0, draws, [output], tuple(experiment.drawn))
    values = columns.values[output]
    known = ~np.isnan(values)
    inputs = np.array(list(columns.inputs.values())).reshape(-1, draws)
    found = _Replicated([values, inputs], known).estimates(_spearman, bounds=(-1.0, 1.0))
    estimates = {name: (estimate,) for name, estimate in zip(columns.inputs, found, strict=True)}
    return Influence(estimates, draws, int(np.count_nonzero(~known)))


def variance_shares(experiment: Experiment, output: Output) -> Influence:
    """First-order and total shares of variance, by two samples A and B and, for each input, A with that
    input's column from B: the first by A. Saltelli et al., Comput. Phys. Commun. 181 (2010) 259 (table 2, row
    b), the total by M. J. W. Jansen (row f)."""
    draws = experiment.design.draws
    names = tuple(experiment.drawn)
    figures = np.empty((len(names) + 2, draws))
    mixed = _Mixed(experiment, output)
    for start in range(0, draws, BLOCK):
        with np.errstate(all="ignore"):
            mixed.fill(start, figures[:, start : start + BLOCK])
    known: Truths = np.all(np.isfinite(figures), axis=0)
    # Differences from a mean keep their digits; a draw that is not known adds nothing to any sum.
    figures -= figures[:2, known].mean() if known.any() else 0.0
    figures[:, ~known] = 0.0
    first, second, others = figures[0], figures[1], figures[2:]
    spread = _Spread.of(first, second, known)
    first_order = spread.shares((second * (row - first) for row in others), least=-math.inf)
    total_order = spread.shares(((first - row) ** 2 / 2 for row in others), least=0.0)
    estimates = dict(zip(names, zip(first_order, total_order, strict=True), strict=True))
    return Influence(estimates, draws * len(figures), int(np.count_nonzero(~known)))


class _Mixed:
    """The output of A, of B, and of A with each input from B."""

    def __init__(self, experiment: Experiment, output: Output) -> None:
        model, design = experiment.model, experiment.design
        independent = model.law if model.copula == INDEPENDENT else JointLaw(model.drawn, INDEPENDENT)
        self._samples = [Sample(independent, design.copied(copy)) for copy in (0, 1)]
        self._registers = [experiment.registers, model.program.registers()]
        self._experiment = experiment
        self._output = output

    def fill(self, start: int, figures: Numbers) -> None:
        """Replaces the figures, a column a draw, by those of the block that begins with draw `start`."""
        program, loops = self._experiment.program, self._experiment.loops
        size = figures.shape[1]
        for sample, registers, figure in zip(self._samples, self._registers, figures, strict=False):
            sample.fill(loops, start, self._experiment.model.places, registers)
            program.run(loops, registers, size)
            self._compute(registers, figure)
        first, second = self._registers
        results = {row: first[row].copy() for row in program.results.values()}
        for name, figure in zip(self._experiment.drawn, figures[2:], strict=True):
            row, reached = program.inputs[name], program.reached[name]
            before = first[row].copy()
            first[row] = second[row]
            reached.run(loops, first, size)
            self._compute(first, figure)
            first[row] = before
            for changed in reached.rows:
                first[changed] = results[changed]

    def _compute(self, registers: Registers, figure: Numbers) -> None:
        between_blocks()
        flow = DrawnFlow(self._experiment.plan, self._experiment.loops, registers, len(figure))
        figure[:] = OUTPUTS[self._output](flow)
        if not flow.all_usable:
            figure[~flow.usable] = np.nan


class _Replicated:
    """The known draws of columns, the last of which has a row an input: together, and by replicates."""

    def __init__(self, columns: Sequence[Numbers], known: Truths) -> None:
        self._columns = columns
        self._known = known
        self._inputs = len(columns[-1])

    def _known_of(self, draws: slice) -> Sequence[Numbers]:
        """Where all are known nothing is copied: an analysis is as large as may be already."""
        known = self._known[draws]
        columns = [column[..., draws] for column in self._columns]
        return columns if known.all() else [column[..., known] for column in columns]

    def estimates(
        self, statistic: Callable[[Sequence[Numbers]], Numbers], *, bounds: tuple[float, float]
    ) -> list[Estimate]:
        """A statistic that has a value an input, with its intervals."""
        values = statistic(self._known_of(slice(None))) if self._known.any() else _none(self._inputs)
        margins = _none(self._inputs)
        replicates = [slice(r, None, REPLICATES) for r in range(REPLICATES)]
        if min(np.count_nonzero(self._known[draws]) for draws in replicates) >= _LEAST_DRAWS:
            margins = _margins(np.array([statistic(self._known_of(draws)) for draws in replicates]).T)
        found = zip(values.tolist(), margins.tolist(), strict=True)
        return [_estimate(value, margin, bounds) for value, margin in found]


def _margins(estimates: Numbers) -> Numbers:
    """Half the width of the 95 % interval of each row's mean: a column a replicate."""
    margins: Numbers = T95 * estimates.std(axis=1, ddof=1) / math.sqrt(REPLICATES)
    return margins


def _none(inputs: int) -> Numbers:
    return np.full(inputs, math.nan)


def _estimate(value: float, margin: float, bounds: tuple[float, float]) -> Estimate:
    if math.isnan(value):
        return _NOTHING
    if math.isnan(margin):
        return Estimate(value=value, low=None, high=None)
    low, high = bounds
    return Estimate(
        value=value, low=min(value, max(low, value - margin)), high=max(value, min(high, value + margin))
    )


def _spearman(columns: Sequence[Numbers]) -> Numbers:
    values, inputs = columns
    output = _ranks(values)
    return np.array([_correlation(_ranks(column), output) for column in inputs])


def _correlation(first: Numbers, second: Numbers) -> float:
    first, second = first - first.mean(), second - second.mean()
    size = math.sqrt(float(first @ first) * float(second @ second))
    return float(first @ second) / size if size else math.nan


def _ranks(values: Numbers) -> Numbers:
    """Ranks from 1; equal values share the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Numbers = (ends - (counts - 1) / 2)[group]
    return ranks


@dataclass(frozen=True)
class _Spread:
    """Of two samples together, by replicate: how many draws are known in each, and the sums of their numbers
    and of the squares."""

    counts: Numbers
    sums: Numbers
    squares: Numbers

    @staticmethod
    def of(first: Numbers, second: Numbers, known: Truths) -> "_Spread":
        return _Spread(
            by_replicate(known).astype(np.float64),
            _summed(first) + _summed(second),
            _summed(first * first) + _summed(second * second),
        )

    def shares(self, parts: Iterable[Numbers], *, least: float) -> list[Estimate]:
        """The mean of each part, which has a number a draw, as a share of the variance; with intervals."""
        found = np.array([_summed(part) for part in parts]).reshape(-1, REPLICATES)
        with np.errstate(all="ignore"):
            whole = _variation(self.counts.sum(), self.sums.sum(), self.squares.sum())
            values = found.sum(axis=1) / whole
            each = found / _variation(self.counts, self.sums, self.squares)
        margins = _margins(each) if self.counts.min() >= _LEAST_DRAWS else _none(len(found))
        return [
            _estimate(value, margin, (least, math.inf))
            for value, margin in zip(values.tolist(), margins.tolist(), strict=True)
        ]


def _variation(counts: Numbers, sums: Numbers, squares: Numbers) -> Numbers:
    """The variance of twice as many numbers, times the count; none if they do not vary."""
    variation: Numbers = squares / 2 - sums * sums / (4 * counts)
    return variation


def _summed(column: Numbers) -> Numbers:
    """By replicate."""
    sums: Numbers = folded(column).sum(axis=0)
    return sums
