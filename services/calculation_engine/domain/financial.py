"""Financial functions of a periodic cash flow whose first value falls at time zero.

Rates are per period. A figure that does not exist is None, never NaN.
"""

import math
from collections.abc import Callable

import numpy as np

from services.calculation_engine.domain.discounting import Flow

_TINY = 1e-12
_STEPS = 200
# Rates from -99 % to 100,000 % per period, close enough to each other to tell 10 % from 11 %.
LOG_RATES = np.linspace(math.log(0.01), math.log(1001.0), 1201)
_WIDEST = 700.0


def npv(rate: float, flow: Flow) -> float:
    """Net present value: sum of flow[t] / (1 + rate)^t, t from 0."""
    return float(flow @ (1 + rate) ** -np.arange(len(flow), dtype=np.float64))


def irr_roots(flow: Flow) -> list[float]:
    """Every rate above -100 % at which the flow's NPV changes its sign, in ascending order.

    With one change of sign in the flow there is exactly one (Descartes' rule of signs), and it is found
    wherever it lies. With more, the rates from -99 % to 100,000 % are searched. A rate at which the NPV
    touches zero without crossing it is not found. A flow without a change of sign has none.
    """
    changes = sign_changes(flow)
    if changes == 0:
        return []
    scaled = np.trim_zeros(flow / np.abs(flow).max())
    value = _value_in_log_rate(scaled)
    if changes == 1:
        return [math.expm1(_root_between(value, *_bracket(value)))]
    values = np.array([value(point) for point in LOG_RATES])
    crossings = np.flatnonzero((values[:-1] < 0) != (values[1:] < 0))
    return [
        math.expm1(_root_between(value, float(LOG_RATES[at]), float(LOG_RATES[at + 1]))) for at in crossings
    ]


def mirr(flow: Flow, finance_rate: float, reinvest_rate: float) -> float | None:
    """Modified internal rate of return, as spreadsheets define it: what is paid in is discounted to the start
    at the finance rate, what is earned is compounded to the end at the reinvestment rate.

    None unless something is paid in and something earned.
    """
    periods = len(flow) - 1
    earned = npv(reinvest_rate, np.maximum(flow, 0))
    paid = -npv(finance_rate, np.minimum(flow, 0))
    if earned <= 0 or paid <= 0 or periods == 0:
        return None
    return (1 + reinvest_rate) * math.exp((math.log(earned) - math.log(paid)) / periods) - 1


def payback(flow: Flow) -> float | None:
    """Periods until the cumulative flow, having been below zero, is first back at zero.

    Linear inside a period; 0 if it is never below zero, None if it never comes back.
    """
    cumulative = np.cumsum(flow)
    below = np.flatnonzero(cumulative < 0)
    if not below.size:
        return 0.0
    back = np.flatnonzero(cumulative[below[0] :] >= 0)
    if not back.size:
        return None
    end = int(below[0] + back[0])
    return float(end - 1 - cumulative[end - 1] / flow[end])


def profitability_index(rate: float, flow: Flow) -> float | None:
    """Present value of the flows after time zero, per unit of the outlay at time zero; None without an
    outlay."""
    outlay = -float(flow[0])
    return ratio(npv(rate, flow) + outlay, outlay) if outlay > 0 else None


def ratio(numerator: float, denominator: float) -> float | None:
    """The quotient, or None where there is none or it is beyond float64."""
    if denominator == 0:
        return None
    quotient = numerator / denominator
    return quotient if math.isfinite(quotient) else None


def sign_changes(flow: Flow) -> int:
    """How often neighbouring flows, zeros left out, differ in sign."""
    signs = np.sign(flow[flow != 0])
    return int(np.count_nonzero(signs[1:] != signs[:-1]))


def _value_in_log_rate(flow: Flow) -> Callable[[float], float]:
    """The flow's NPV as a function of ln(1 + rate), divided by its largest discount factor so that it cannot
    overflow; that keeps its sign and its zeros."""
    times = np.arange(len(flow), dtype=np.float64)

    def value(log_rate: float) -> float:
        shift = times[-1] if log_rate < 0 else 0.0
        return float(flow @ np.exp(-log_rate * (times - shift)))

    return value


def _bracket(value: Callable[[float], float]) -> tuple[float, float]:
    """An interval around the only root of a flow that changes its sign once."""
    width = 1.0
    while width < _WIDEST and (value(-width) < 0) == (value(width) < 0):
        width *= 2
    return -width, width


def _root_between(value: Callable[[float], float], low: float, high: float) -> float:
    """A root in a bracket, by regula falsi: an end that stays twice counts half (the Illinois variant)."""
    at_low, at_high = value(low), value(high)
    moved_low: bool | None = None
    for _ in range(_STEPS):
        if high - low <= _TINY * (1 + abs(low)) or at_high == at_low:
            break
        middle = high - at_high * (high - low) / (at_high - at_low)
        if not low < middle < high:
            middle = (low + high) / 2
        at_middle = value(middle)
        if at_middle == 0:
            return middle
        if (at_middle < 0) == (at_low < 0):
            low, at_low = middle, at_middle
            at_high /= 1 + (moved_low is True)
            moved_low = True
        else:
            high, at_high = middle, at_middle
            at_low /= 1 + (moved_low is False)
            moved_low = False
    return low if abs(at_low) < abs(at_high) else high
