"""The figures of a simulation, for all draws at once.

Each function gives one number a draw: NaN where a draw has no such figure, and infinity for a payback that is
never reached. They mean what `financial` means for a single flow.
"""

import math
from collections.abc import Callable

import numpy as np

from services.calculation_engine.domain.discounting import MONTHS_PER_YEAR, Flow, period_rate
from services.calculation_engine.domain.drawn_flow import DrawnFlow, Draws, PresentValues
from services.schemas.simulation import Output


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
    flows = flow.flows
    earned, paid = np.zeros(flow.size), np.zeros(flow.size)
    for amounts, factor in zip(flows.rows, np.bincount(flows.at, weights=flow.factors), strict=True):
        earned += np.maximum(amounts, 0) * factor
        paid -= np.minimum(amounts, 0) * factor
    exists = (earned > 0) & (paid > 0)
    logarithm = np.log(np.where(exists, earned, 1.0)) - np.log(np.where(exists, paid, 1.0))
    rate = period_rate(flow.compiled.model.discount_rate, flow.compiled.months)
    growth = (1 + rate) * np.exp(logarithm / (len(flows.at) - 1)) - 1
    return _annual(flow, np.where(exists, growth, math.nan))


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
    return np.where(np.isfinite(annual), annual, math.nan)


def _ratio(numerator: Draws, denominator: Draws) -> Draws:
    with np.errstate(all="ignore"):
        quotient = numerator / denominator
    return np.where(np.isfinite(quotient), quotient, math.nan)
