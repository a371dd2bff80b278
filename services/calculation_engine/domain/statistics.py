"""What a sample says: moments, percentiles, a histogram, a convergence record, probabilities, all with
intervals.

Intervals hold with 95 %: a mean's by its standard error, a percentile's by order statistics (binomial ranks,
free of any distribution), a probability's by Wilson (JASA 22 (1927) 209). They assume independent draws; for
a Latin hypercube, whose means vary less, they are wider than needed.
"""

import math

import numpy as np
from numpy.typing import NDArray

from services.schemas.simulation import (
    Checkpoint,
    Distributed,
    Estimate,
    Histogram,
    Output,
    Percentiles,
)

Sample = NDArray[np.float64]

Z95 = 1.959963984540054
_FIRST_CHECKPOINT = 128
_TAILS = (0.005, 0.995)
# Values that differ by less than this share of their size differ by rounding.
_NARROW = 1e-9
_NOTHING = Estimate(value=None, low=None, high=None)


def distributed(output: Output, sample: Sample, bins: int) -> Distributed:
    """Describes a sample in which NaN stands for a figure that a draw does not have, and infinity for one
    that lies beyond all others (a payback that is never reached)."""
    finite = sample[np.isfinite(sample)]
    ordered = np.sort(sample[~np.isnan(sample)])
    return Distributed(
        output=output,
        undefined=len(sample) - len(finite),
        mean=mean_estimate(finite),
        sd=_sd(finite),
        percentiles=percentiles(ordered),
        histogram=histogram(np.sort(finite), bins),
        convergence=convergence(sample),
    )


def mean_estimate(finite: Sample) -> Estimate:
    """The mean; its interval needs two draws."""
    if not finite.size:
        return _NOTHING
    mean = float(finite.mean())
    sd = _sd(finite)
    if sd is None:
        return Estimate(value=mean, low=None, high=None)
    margin = Z95 * sd / math.sqrt(len(finite))
    return Estimate(value=mean, low=mean - margin, high=mean + margin)


def percentiles(ordered: Sample) -> Percentiles:
    """P1 to P99 of an ascending sample."""
    return Percentiles(
        p1=percentile(ordered, 0.01),
        p5=percentile(ordered, 0.05),
        p10=percentile(ordered, 0.10),
        p25=percentile(ordered, 0.25),
        p50=percentile(ordered, 0.50),
        p75=percentile(ordered, 0.75),
        p90=percentile(ordered, 0.90),
        p95=percentile(ordered, 0.95),
        p99=percentile(ordered, 0.99),
    )


def percentile(ordered: Sample, share: float) -> Estimate:
    """The value at position share (n - 1) of an ascending sample, linear between neighbours (the
    spreadsheets' PERCENTILE.INC); null where it falls among infinite values."""
    count = len(ordered)
    if not count:
        return _NOTHING
    margin = Z95 * math.sqrt(count * share * (1 - share))
    return Estimate(
        value=_between(ordered, share * (count - 1)),
        low=_at(ordered, math.floor(count * share - margin) - 1),
        high=_at(ordered, math.ceil(count * share + margin)),
    )


def histogram(ordered: Sample, bins: int) -> Histogram:
    """Bins of equal width from the 0.5th to the 99.5th percentile of an ascending finite sample."""
    if not ordered.size:
        return Histogram(edges=(), counts=(), below=0, above=0)
    last = len(ordered) - 1
    low = float(ordered[math.floor(_TAILS[0] * last)])
    high = float(ordered[math.ceil(_TAILS[1] * last)])
    size = max(abs(low), abs(high))
    if high - low <= _NARROW * size:
        margin = max(0.5, size * 1e-6)
        low, high = low - margin, high + margin
    counts, edges = np.histogram(ordered, bins=bins, range=(low, high))
    return Histogram(
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        below=int(np.count_nonzero(ordered < low)),
        above=int(np.count_nonzero(ordered > high)),
    )


def convergence(sample: Sample) -> tuple[Checkpoint, ...]:
    """The mean after 128, 256, 512, … and after all draws."""
    sizes: list[int] = []
    size = _FIRST_CHECKPOINT
    while size < len(sample):
        sizes.append(size)
        size *= 2
    return tuple(_checkpoint(sample[:size]) for size in (*sizes, len(sample)))


def proportion(successes: int, count: int) -> Estimate:
    """How often something happens, with Wilson's interval."""
    if not count:
        return _NOTHING
    share = successes / count
    shrunk = 1 + Z95**2 / count
    centre = (share + Z95**2 / (2 * count)) / shrunk
    margin = Z95 / shrunk * math.sqrt(share * (1 - share) / count + (Z95 / (2 * count)) ** 2)
    # Rounding must not push the ends past the share itself or past certainty.
    return Estimate(
        value=share, low=max(0.0, min(share, centre - margin)), high=min(1.0, max(share, centre + margin))
    )


def _checkpoint(sample: Sample) -> Checkpoint:
    finite = sample[np.isfinite(sample)]
    sd = _sd(finite)
    return Checkpoint(
        draws=len(sample),
        mean=float(finite.mean()) if finite.size else None,
        standard_error=None if sd is None else sd / math.sqrt(len(finite)),
    )


def _sd(finite: Sample) -> float | None:
    return float(finite.std(ddof=1)) if len(finite) > 1 else None


def _between(ordered: Sample, position: float) -> float | None:
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    weight = position - below
    left, right = float(ordered[below]), float(ordered[above])
    if weight == 0 or left == right:
        return left if math.isfinite(left) else None
    return left + weight * (right - left) if math.isfinite(right) else None


def _at(ordered: Sample, rank: int) -> float | None:
    if not 0 <= rank < len(ordered):
        return None
    value = float(ordered[rank])
    return value if math.isfinite(value) else None
