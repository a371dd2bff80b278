"""Time and money: rates by period, discount factors, present value.

A rate r is effective and annual: m months at r are worth (1 + r)^(m / 12) - 1 (compound interest; see any
corporate-finance text, e.g. Brealey, Myers, Allen, Principles of Corporate Finance, ch. 2).
"""

import numpy as np
from numpy.typing import NDArray

MONTHS_PER_YEAR = 12

Flow = NDArray[np.float64]


def period_rate(annual_rate: float, months: int) -> float:
    """The rate of a period of so many months that compounds to `annual_rate` in a year."""
    return float((1 + annual_rate) ** (months / MONTHS_PER_YEAR)) - 1


def annual_rate(rate: float, months: int) -> float:
    """The effective annual rate of a rate per period of so many months; OverflowError if beyond float64."""
    return float((1 + rate) ** (MONTHS_PER_YEAR / months)) - 1


def discount_factors(annual_rate: float, months: int, periods: int) -> Flow:
    """What 1 at the start, and at the end of periods 1, 2, …, is worth at the start: `periods` + 1
    factors."""
    years = np.arange(periods + 1, dtype=np.float64) * (months / MONTHS_PER_YEAR)
    return np.power(1 + annual_rate, -years)
