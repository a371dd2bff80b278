"""What a sample says: moments, percentiles, a histogram, a convergence record, probabilities, all with 95 %
intervals.

A sample is made of independent replicates, and intervals are read off how they differ, by Student's
distribution: so they tell the truth for stratified samples, too, whose figures are surer than independent
draws would make them (A. B. Owen, Monte Carlo theory, methods and examples, ch. 17). A percentile's interval
is that of the probability below it, carried over to values (R. S. Woodruff, JASA 47 (1952) 635). What
happened always or never has no spread between replicates: there it is Wilson's (JASA 22 (1927) 209).
"""

import math

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.part import SPAN, OutputPart, Part, checkpoints
from services.calculation_engine.domain.quantiles import Quantiles, quantiles_of
from services.schemas.simulation import (
    Checkpoint,
    Distributed,
    Estimate,
    Histogram,
    Interval,
    Output,
    Percentiles,
)

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

# The two-sided 95 % point of Student's distribution with 7 degrees of freedom, for 8 replicates, and the
# normal one.
T95 = 2.3646242515927844
_Z95 = 1.959963984540054
_TAILS = (0.005, 0.995)
# Values that differ by less than this share of their size differ by rounding.
_NARROW = 1e-9
_NOTHING = Estimate(value=None, low=None, high=None)


def distributed(output: Output, part: Part, bins: int) -> Distributed:
    """Describes an output over the draws of a part that begins with draw 0."""
    found = part.outputs[output]
    moments = Moments(found, found.moments)
    quantiles = quantiles_of(found)
    return Distributed(
        output=output,
        undefined=int(part.usable.sum()) - moments.count,
        mean=moments.mean,
        sd=moments.sd,
        sd_interval=moments.sd_interval,
        percentiles=percentiles(quantiles),
        histogram=histogram(found, quantiles, bins),
        convergence=convergence(part, found),
    )


class Moments:
    """Mean and spread of the finite values, from sums over spans."""

    def __init__(self, part: OutputPart, sums: Numbers) -> None:
        self._centre = part.scale.centre
        # Exactly rounded sums do not depend on how the spans were grouped.
        self._counts, self._sums, self._squares = (
            np.array([math.fsum(sums[:, row, replicate]) for replicate in range(sums.shape[2])])
            for row in range(3)
        )
        self.count = int(self._counts.sum())

    @property
    def mean(self) -> Estimate:
        """The mean; its interval needs values in every replicate."""
        if not self.count:
            return _NOTHING
        value = self._centre + math.fsum(self._sums) / self.count
        error = self.standard_error
        if error is None:
            return Estimate(value=value, low=None, high=None)
        return Estimate(value=value, low=value - T95 * error, high=value + T95 * error)

    @property
    def standard_error(self) -> float | None:
        """The standard error of the mean."""
        return _standard_error(self._sums / self._counts) if self._counts.all() else None

    @property
    def sd(self) -> float | None:
        if self.count < 2:  # noqa: PLR2004
            return None
        off = math.fsum(self._sums)
        return math.sqrt(max(math.fsum(self._squares) - off * off / self.count, 0.0) / (self.count - 1))

    @property
    def sd_interval(self) -> Interval:
        """By how the replicates' own standard deviations differ; each needs two values."""
        sd = self.sd
        if sd is None or (self._counts < 2).any():  # noqa: PLR2004
            return Interval(low=None, high=None)
        offs = self._squares - self._sums * self._sums / self._counts
        margin = T95 * _standard_error(np.sqrt(np.maximum(offs, 0) / (self._counts - 1)))
        return Interval(low=max(0.0, sd - margin), high=sd + margin)


def percentiles(quantiles: Quantiles) -> Percentiles:
    """P1 to P99."""
    return Percentiles(
        p1=percentile(quantiles, 0.01),
        p5=percentile(quantiles, 0.05),
        p10=percentile(quantiles, 0.10),
        p25=percentile(quantiles, 0.25),
        p50=percentile(quantiles, 0.50),
        p75=percentile(quantiles, 0.75),
        p90=percentile(quantiles, 0.90),
        p95=percentile(quantiles, 0.95),
        p99=percentile(quantiles, 0.99),
    )


def percentile(quantiles: Quantiles, share: float) -> Estimate:
    """A percentile; null where it falls among infinite values."""
    value = quantiles.at(share)
    if value is None:
        return _NOTHING
    shares = quantiles.shares_up_to(value)
    if np.isnan(shares).any():
        return Estimate(value=value, low=None, high=None)
    # A sample cannot tell shares closer to each other than one draw.
    margin = max(T95 * _standard_error(shares), 1 / quantiles.count)
    return Estimate(
        value=value,
        low=quantiles.at(share - margin) if share > margin else None,
        high=quantiles.at(share + margin) if share + margin < 1 else None,
    )


def histogram(part: OutputPart, quantiles: Quantiles, bins: int) -> Histogram:
    """Bins of equal width from the 0.5th to the 99.5th percentile of the finite values."""
    count = int(part.moments[:, 0].sum())
    if not count:
        return Histogram(edges=(), counts=(), below=0, above=0)
    finite = count / quantiles.count
    low, high = (quantiles.at(tail * finite) for tail in _TAILS)
    if low is None or high is None:
        low, high = part.least, part.greatest
    size = max(abs(low), abs(high))
    if high - low <= _NARROW * size:
        margin = max(0.5, size * 1e-6)
        low, high = low - margin, high + margin
    edges = np.linspace(low, high, bins + 1)
    counts = quantiles.counts_between(edges)
    below = quantiles.counts_between(np.array([-np.inf, np.nextafter(low, -np.inf)]))[0]
    return Histogram(
        edges=tuple(edges.tolist()), counts=tuple(counts), below=below, above=count - below - sum(counts)
    )


def convergence(part: Part, found: OutputPart) -> tuple[Checkpoint, ...]:
    """The mean after 128, 256, 512, … and after all draws."""
    sizes = checkpoints(part.stop)
    inside = [Moments(found, sums[np.newaxis]) for sums in found.early]
    later = [Moments(found, found.moments[: -(-size // SPAN)]) for size in sizes[len(inside) :]]
    return tuple(
        Checkpoint(draws=size, mean=moments.mean.value, standard_error=moments.standard_error)
        for size, moments in zip(sizes, [*inside, *later], strict=True)
    )


def probability(hits: Counts, usable: Counts) -> Estimate:
    """How often something happens, from each replicate's counts."""
    count, happened = int(usable.sum()), int(hits.sum())
    if not count:
        return _NOTHING
    if happened in {0, count} or not usable.all():
        return _wilson(happened, count)
    share = happened / count
    margin = max(T95 * _standard_error(hits / usable), 1 / count)
    return Estimate(value=share, low=max(0.0, share - margin), high=min(1.0, share + margin))


def _wilson(successes: int, count: int) -> Estimate:
    share = successes / count
    shrunk = 1 + _Z95**2 / count
    centre = (share + _Z95**2 / (2 * count)) / shrunk
    margin = _Z95 / shrunk * math.sqrt(share * (1 - share) / count + (_Z95 / (2 * count)) ** 2)
    # Rounding must not push the ends past the share itself or past certainty.
    return Estimate(
        value=share, low=max(0.0, min(share, centre - margin)), high=min(1.0, max(share, centre + margin))
    )


def _standard_error(by_replicate: Numbers) -> float:
    """Of the mean of independent replicates' figures."""
    return float(by_replicate.std(ddof=1)) / math.sqrt(len(by_replicate))
