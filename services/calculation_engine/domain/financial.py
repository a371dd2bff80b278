"""Financial functions of a periodic cash flow whose first value falls at time zero.

Rates are per period. A figure that does not exist is None, never NaN.
"""

import math
from functools import lru_cache
from operator import ne
from typing import NamedTuple

import numpy as np

from services.calculation_engine.domain.discounting import Flow

# The error of Newton's method is about the square of its last step.
_CLOSE = 1e-8
_STEPS = 200
# Rates from -99 % to 100,000 % per period, close enough to each other to tell 10 % from 11 %.
LOG_RATES = np.linspace(math.log(0.01), math.log(1001.0), 1201)
_BELOW_0, _FROM_0 = np.exp(LOG_RATES[LOG_RATES < 0]), np.exp(-LOG_RATES[LOG_RATES >= 0])
_WIDEST = 700.0


def npv(rate: float, flow: Flow) -> float:
    """Net present value: sum of flow[t] / (1 + rate)^t, t from 0."""
    return float(flow @ _factors(rate, len(flow)))


@lru_cache(maxsize=128)
def _factors(rate: float, size: int) -> Flow:
    """One rate serves many flows."""
    factors: Flow = (1 + rate) ** -np.arange(size, dtype=np.float64)
    return factors


def irr_roots(flow: Flow) -> list[float]:
    """Every rate above -100 % at which the flow's NPV changes its sign, in ascending order.

    With one change of sign in the flow there is exactly one (Descartes' rule of signs), and it is found
    wherever float64 tells it from -100 % and from infinity. With more, the rates from -99 % to 100,000 % are
    searched. A rate at which the NPV touches zero without crossing it is not found. A flow without a change
    of sign has none.
    """
    changes = _sign_changes(flow)
    if changes == 0:
        return []
    balance = _Balance(flow if flow[0] and flow[-1] else np.trim_zeros(flow))
    brackets = [balance.everywhere()] if changes == 1 else balance.crossings()
    roots = map(balance.zero, brackets)
    rates = [math.expm1(root) for root in roots if abs(root) < _WIDEST - 1]
    return [rate for rate in rates if rate > -1]


def mirr(flow: Flow, finance_rate: float, reinvest_rate: float) -> float | None:
    """Modified internal rate of return, as spreadsheets define it: what is paid in is discounted to the start
    at the finance rate, what is earned is compounded to the end at the reinvestment rate.

    None unless something is paid in and something earned, or if it is beyond float64.
    """
    periods = len(flow) - 1
    earned, paid = _log_gains(reinvest_rate, flow), _log_gains(finance_rate, -flow)
    if earned is None or paid is None or periods == 0:
        return None
    growth = math.log1p(reinvest_rate) + (earned - paid) / periods
    return math.expm1(growth) if growth < _WIDEST else None


def _log_gains(rate: float, flow: Flow) -> float | None:
    """Logarithm of the present value of what is above zero; None if nothing is. Discounted to the first such
    amount, it does not underflow."""
    gains = np.maximum(flow, 0)
    first = int(np.argmax(gains > 0))
    worth = npv(rate, gains[first:])
    return math.log(worth) - first * math.log1p(rate) if worth > 0 else None


def payback(flow: Flow) -> float | None:
    """Periods until the cumulative flow, having been below zero, is first back at zero.

    Linear inside a period; 0 if it is never below zero, None if it never comes back.
    """
    was_below = False
    total = 0.0
    for period, amount in enumerate(flow.tolist()):
        before, total = total, total + amount
        if total < 0:
            was_below = True
        elif was_below:
            return float(period - 1 - before / amount)
    return None if was_below else 0.0


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


def _sign_changes(flow: Flow) -> int:
    """How often neighbouring flows, zeros left out, differ in sign."""
    signs = list(map((0.0).__lt__, filter(None, flow.tolist())))
    return sum(map(ne, signs, signs[1:]))


class _Bracket(NamedTuple):
    """Two logarithms of 1 + rate with a root between them, where to begin, and whether the NPV falls from low
    to high."""

    low: float
    high: float
    start: float
    falls: bool


class _Balance:
    """What a flow earns against what is paid in: ln(present value of the gains / that of the outlays), as a
    function of ln(1 + rate). It has the sign and the zeros of the NPV, and is nearly a straight line."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._times = times = np.arange(len(flow), dtype=np.float64)
        gains = np.maximum(flow, 0)
        outlays = gains - flow
        self._sides = np.array((gains, gains * times, outlays, outlays * times))

    def at(self, log_rate: float) -> tuple[float, float]:
        """The value, and its derivative; infinite and 0 where one side is less than float64 can tell."""
        # No discount factor is above 1: what they all lack of their own cancels out.
        times = self._times - self._times[-1] if log_rate < 0 else self._times
        earned, by_earned, paid, by_paid = (self._sides @ np.exp(-log_rate * times)).tolist()
        quotient = earned / paid if paid else math.inf
        if not 0 < quotient < math.inf:
            return (math.inf if quotient else -math.inf), 0.0
        return math.log(quotient), by_paid / paid - by_earned / earned

    def crossings(self) -> list[_Bracket]:
        """Around each root that the searched rates show."""
        values = np.polyval(self._flow, _BELOW_0), np.polyval(self._flow[::-1], _FROM_0)
        signs = np.concatenate(values) < 0
        changes = np.flatnonzero(signs[:-1] != signs[1:]).tolist()
        ends = ((*LOG_RATES[at : at + 2].tolist(), bool(signs[at + 1])) for at in changes)
        return [_Bracket(low, high, (low + high) / 2, falls) for low, high, falls in ends]

    def everywhere(self) -> _Bracket:
        """Around the only root of a flow that changes its sign once."""
        return _Bracket(-_WIDEST, _WIDEST, 0.0, falls=self._flow[-1] > 0)

    def zero(self, bracket: _Bracket) -> float:
        """By Newton's method; by bisection where that would leave the bracket."""
        low, high, root, falls = bracket
        for _ in range(_STEPS):
            value, slope = self.at(root)
            if value == 0:
                return root
            if (value > 0) == falls:
                low = root
            else:
                high = root
            step = -value / slope if slope else math.inf
            if abs(step) <= _CLOSE:
                return root + step
            root = root + step if low < root + step < high else (low + high) / 2
        return root
