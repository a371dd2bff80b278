"""The figures of one structure: estimates over the draws, and each replicate's own, to compare structures by.

Structures are compared on the same draws (common random numbers): what they have in common leaves their
differences, which are surer than either figure.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.deal import Draws, Outcome
from services.calculation_engine.domain.histogram import Scale
from services.calculation_engine.domain.part import OutputPart, summed_up
from services.calculation_engine.domain.quantiles import quantiles_of
from services.calculation_engine.domain.replicates import REPLICATES, by_replicate
from services.calculation_engine.domain.statistics import T95, Moments, percentile, probability
from services.schemas.deal_optimization import DealFigures, Figure
from services.schemas.simulation import Estimate

Replicates = NDArray[np.float64]

_LOW = 0.10
_NOTHING = Estimate(value=None, low=None, high=None)


@dataclass(frozen=True)
class Measured:
    """A structure's figures, and each replicate's own of those by which structures are compared."""

    figures: DealFigures
    compared: tuple[Replicates, ...]

    def value(self, figure: Figure) -> float | None:
        estimate: Estimate = getattr(self.figures, figure)
        return estimate.value


def measured(outcome: Outcome, objectives: Sequence[Figure]) -> Measured:
    """Measures what a structure brings; structures are to be compared by the objectives."""
    margin, npv, roi = map(_part, (outcome.margin, outcome.npv, outcome.roi))
    usable = by_replicate(~np.isnan(outcome.npv))
    figures = DealFigures(
        vendor_revenue=_mean(_part(outcome.revenue)),
        vendor_margin=_mean(margin),
        vendor_margin_ratio=_margin_ratio(outcome),
        vendor_p10_margin=_tenth(margin),
        customer_npv=_mean(npv),
        customer_roi=_mean(roi),
        customer_p10_npv=_tenth(npv),
        customer_p10_roi=_tenth(roi),
        customer_npv_positive=probability(by_replicate(outcome.npv > 0), usable),
    )
    return Measured(figures, tuple(_REPLICATED[figure](outcome) for figure in objectives))


def surely_better(ones: Sequence[Measured], other: Measured) -> list[bool]:
    """Which of them are at least as good as the other in all that they are compared by, and better in some,
    at 95 % each, by the differences between both on the same replicates."""
    if not ones:
        return []
    differences = np.array([one.compared for one in ones]) - np.array(other.compared)
    error = differences.std(axis=-1, ddof=1) / math.sqrt(REPLICATES)
    lowest = differences.mean(axis=-1) - T95 * error
    better: list[bool] = ((lowest >= 0).all(axis=-1) & (lowest > 0).any(axis=-1)).tolist()
    return better


def _margin_ratio(outcome: Outcome) -> Estimate:
    """A ratio of sums, with the spread of the replicates' own ratios."""
    margin, revenue = float(np.nansum(outcome.margin)), float(np.nansum(outcome.revenue))
    if not revenue > 0:
        return _NOTHING
    value, error = margin / revenue, _standard_error(_ratios(outcome))
    if math.isnan(error):
        return Estimate(value=value, low=None, high=None)
    return Estimate(value=value, low=value - T95 * error, high=value + T95 * error)


def _ratios(outcome: Outcome) -> Replicates:
    margin, revenue = _each(outcome.margin, np.sum), _each(outcome.revenue, np.sum)
    ratios: Replicates = np.full(REPLICATES, np.nan)
    np.divide(margin, revenue, out=ratios, where=revenue > 0)
    return ratios


def _standard_error(by_replicate: Replicates) -> float:
    return float(by_replicate.std(ddof=1)) / math.sqrt(REPLICATES)


def _part(draws: Draws) -> OutputPart:
    known = draws[~np.isnan(draws)]
    # The draws are kept whole: the scale has but to be near them.
    scale = Scale(float(known.mean()) if known.size else 0.0, 1.0)
    return summed_up(draws, scale, first=False, keep=True)


def _mean(part: OutputPart) -> Estimate:
    return Moments(part, part.moments).mean


def _tenth(part: OutputPart) -> Estimate:
    return percentile(quantiles_of(part), _LOW)


def _each(draws: Draws, statistic: Callable[[Draws], float]) -> Replicates:
    columns = [draws[replicate::REPLICATES] for replicate in range(REPLICATES)]
    known = [column[~np.isnan(column)] for column in columns]
    return np.array([statistic(column) if column.size else math.nan for column in known])


def _quantile(draws: Draws) -> float:
    return float(np.quantile(draws, _LOW))


_REPLICATED: dict[Figure, Callable[[Outcome], Replicates]] = {
    "vendor_margin": lambda outcome: _each(outcome.margin, np.mean),
    "vendor_margin_ratio": _ratios,
    "vendor_p10_margin": lambda outcome: _each(outcome.margin, _quantile),
    "customer_npv": lambda outcome: _each(outcome.npv, np.mean),
    "customer_roi": lambda outcome: _each(outcome.roi, np.mean),
    "customer_p10_npv": lambda outcome: _each(outcome.npv, _quantile),
    "customer_p10_roi": lambda outcome: _each(outcome.roi, _quantile),
    "customer_npv_positive": lambda outcome: _each(outcome.npv, lambda npv: float((npv > 0).mean())),
}
"""Each replicate's own figure; NaN where it does not exist."""
