"""The figures of a simulation, for all draws at once.

Each function gives one number a draw: NaN where a draw has no such figure, and infinity for a payback that is
never reached. They mean what `financial` means for a single flow.
"""

import math
from collections.abc import Callable
from functools import reduce

import numpy as np

from services.calculation_engine.domain.discounting import MONTHS_PER_YEAR, Flow, period_rate
from services.calculation_engine.domain.drawn_flow import DrawnFlow, Draws, PresentValues
from services.calculation_engine.domain.drawn_irr import Table
from services.schemas.simulation import Output

# Discount factors whose logarithms differ by less fit in one sum: float64 ends at e^-708.
_STRETCH = 500.0


def _roi(flow: PresentValues) -> Draws:
    return _ratio(flow.npv, flow.pv_costs)


def _profitability_index(flow: PresentValues) -> Draws:
    return _ratio(flow.npv + flow.outlay, np.where(flow.outlay > 0, flow.outlay, 0.0))


def _payback_months(flow: DrawnFlow) -> Draws:
    return _payback(flow, np.ones(len(flow.factors)))


def _discounted_payback_months(flow: DrawnFlow) -> Draws:
    return _payback(flow, flow.factors)


def _irr(flow: DrawnFlow) -> Draws:
    return _annual(flow, flow.rates.single)


def _mirr(flow: DrawnFlow) -> Draws:
    rows, lengths = flow.flows.rows, flow.flows.lengths
    rate = period_rate(flow.compiled.model.discount_rate, flow.compiled.months)
    runs = np.cumsum((1 + rate) ** -np.arange(lengths.max(), dtype=np.float64))[lengths - 1]
    log_factors = np.log(runs) - math.log1p(rate) * (np.cumsum(lengths) - lengths)
    with np.errstate(all="ignore"):
        earned, paid = _log_gains(rows, log_factors), _log_gains(-rows, log_factors)
        return _annual(flow, (1 + rate) * np.exp((earned - paid) / (lengths.sum() - 1)) - 1)


def _log_gains(rows: Table, log_factors: Flow) -> Draws:
    """Logarithms of the present values of what is above zero, -inf where nothing is, by those of the rows'
    discount factors. Where these lie too far apart for float64, sums of near ones are taken first."""
    stretches = np.trunc(log_factors / _STRETCH)
    logarithms = []
    for stretch in sorted(set(stretches.tolist())):
        worth, shift = np.zeros(rows.shape[1]), stretch * _STRETCH
        for row in np.flatnonzero(stretches == stretch).tolist():
            worth += np.maximum(rows[row], 0) * math.exp(log_factors[row] - shift)
        logarithms.append(np.log(worth) + shift)
    return reduce(np.logaddexp, logarithms)


OF_PRESENT_VALUES: dict[Output, Callable[[PresentValues], Draws]] = {
    "npv": lambda flow: flow.npv,
    "roi": _roi,
    "pv_benefits": lambda flow: flow.pv_benefits,
    "pv_costs": lambda flow: flow.pv_costs,
    "profitability_index": _profitability_index,
}
OUTPUTS: dict[Output, Callable[[DrawnFlow], Draws]] = {
    **OF_PRESENT_VALUES,
    "irr": _irr,
    "mirr": _mirr,
    "payback_months": _payback_months,
    "discounted_payback_months": _discounted_payback_months,
}


def _payback(flow: DrawnFlow, factors: Flow) -> Draws:
    periods = np.empty(flow.size)
    flow.loops.payback(flow.flows.rows, flow.flows.at, factors, periods)
    return periods * flow.compiled.months


def _annual(flow: DrawnFlow, rate: Draws) -> Draws:
    with np.errstate(all="ignore"):
        annual = (1 + rate) ** (MONTHS_PER_YEAR / flow.compiled.months) - 1
    return np.where(np.isfinite(annual) & (annual > -1), annual, math.nan)


def _ratio(numerator: Draws, denominator: Draws) -> Draws:
    with np.errstate(all="ignore"):
        quotient = numerator / denominator
    return np.where(np.isfinite(quotient), quotient, math.nan)
