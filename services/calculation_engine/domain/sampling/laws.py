"""Probability laws: what each distribution document means, as a mean, a distribution function and its
inverse.

A continuous law is `location + scale * standard`, where the standard form has few parameters, so that a table
of its inverse serves every input of that shape. Truncation needs two integrals of each: the probability below
a value, and the share of the mean that lies below it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.sampling.beta import beta_probability, beta_quantile_table
from services.calculation_engine.domain.sampling.normal import normal_density, normal_probability
from services.calculation_engine.domain.sampling.normal import normal_quantile as standard_normal_quantile

Numbers = NDArray[np.float64]

# The least and the greatest probability that an inverse takes: float64's neighbours of 0 and 1.
LEAST = 2.0**-54
MOST = 1 - 2.0**-53


class Law(Protocol):
    """A probability law on the real line."""

    @property
    def mean(self) -> float:
        """The expected value; infinite where it is beyond float64."""

    def quantile(self, probability: Numbers) -> Numbers:
        """The values that the law stays below with these probabilities, each strictly between 0 and 1."""

    def probability_below(self, value: float) -> float:
        """P(X <= value)."""

    def mean_below(self, value: float) -> float:
        """E[X; X <= value]: the expected value of X where it is below `value`, and 0 elsewhere."""


@dataclass(frozen=True)
class UniformLaw:
    low: float
    high: float

    @property
    def mean(self) -> float:
        return self.low + (self.high - self.low) / 2

    def quantile(self, probability: Numbers) -> Numbers:
        return self.low + (self.high - self.low) * probability

    def probability_below(self, value: float) -> float:
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def mean_below(self, value: float) -> float:
        reached = min(max(value, self.low), self.high)
        return self.probability_below(reached) * (self.low + (reached - self.low) / 2)


@dataclass(frozen=True)
class TriangularLaw:
    low: float
    mode: float
    high: float

    @property
    def mean(self) -> float:
        return self.low / 3 + self.mode / 3 + self.high / 3

    @property
    def _width(self) -> float:
        return self.high - self.low

    @property
    def below_mode(self) -> float:
        """The probability of a value below the mode."""
        return (self.mode - self.low) / self._width

    def quantile(self, probability: Numbers) -> Numbers:
        below = self.below_mode
        rising = self.low + self._width * np.sqrt(probability * below)
        falling = self.high - self._width * np.sqrt((1 - probability) * (1 - below))
        return np.where(probability < below, rising, falling)

    def probability_below(self, value: float) -> float:
        if value <= self.low:
            return 0.0
        if value >= self.high:
            return 1.0
        if value < self.mode:
            return (value - self.low) ** 2 / (self._width * (self.mode - self.low))
        return 1 - (self.high - value) ** 2 / (self._width * (self.high - self.mode))

    def mean_below(self, value: float) -> float:
        if value <= self.low:
            return 0.0
        if value >= self.high:
            return self.mean
        if value < self.mode:
            risen = value - self.low
            return self.probability_below(value) * (self.low + risen * 2 / 3)
        left = self.high - value
        return self.mean - (1 - self.probability_below(value)) * (self.high - left * 2 / 3)


@dataclass(frozen=True)
class BetaLaw:
    """A beta law scaled to [low, high]."""

    alpha: float
    beta: float
    low: float
    high: float

    @property
    def mean(self) -> float:
        share = self.alpha / (self.alpha + self.beta)
        return self.low * (1 - share) + self.high * share

    def quantile(self, probability: Numbers) -> Numbers:
        table = beta_quantile_table(self.alpha, self.beta)
        return self.low + (self.high - self.low) * table.quantile(probability)

    def probability_below(self, value: float) -> float:
        return beta_probability(self._standard(value), self.alpha, self.beta)

    def mean_below(self, value: float) -> float:
        """x times the density of beta(a, b) is a / (a + b) times that of beta(a + 1, b)."""
        share = self.alpha / (self.alpha + self.beta)
        raised = beta_probability(self._standard(value), self.alpha + 1, self.beta)
        return self.low * self.probability_below(value) + (self.high - self.low) * share * raised

    def _standard(self, value: float) -> float:
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True)
class NormalLaw:
    mean: float
    sd: float

    def quantile(self, probability: Numbers) -> Numbers:
        return self.mean + self.sd * standard_normal_quantile(probability)

    def probability_below(self, value: float) -> float:
        return normal_probability((value - self.mean) / self.sd)

    def mean_below(self, value: float) -> float:
        return self.mean * self.probability_below(value) - self.sd * normal_density(
            (value - self.mean) / self.sd
        )


@dataclass(frozen=True)
class LognormalLaw:
    """`mu` and `sigma` are mean and standard deviation of the value's natural logarithm."""

    mu: float
    sigma: float

    @property
    def mean(self) -> float:
        try:
            return math.exp(self.mu + self.sigma * self.sigma / 2)
        except OverflowError:
            return math.inf

    def quantile(self, probability: Numbers) -> Numbers:
        return np.exp(self.mu + self.sigma * standard_normal_quantile(probability))

    def probability_below(self, value: float) -> float:
        return normal_probability(self._standard(value))

    def mean_below(self, value: float) -> float:
        return self.mean * normal_probability(self._standard(value) - self.sigma)

    def _standard(self, value: float) -> float:
        return (math.log(value) - self.mu) / self.sigma if value > 0 else -math.inf


class StepLaw:
    """Finitely many values, each with its probability."""

    def __init__(self, values: Numbers, weights: Numbers) -> None:
        kept = weights > 0
        order = np.argsort(values[kept], kind="stable")
        self.values: Numbers = values[kept][order]
        self._shares: Numbers = weights[kept][order] / weights[kept].sum()
        self.cumulative: Numbers = np.cumsum(self._shares)[:-1]

    @property
    def mean(self) -> float:
        return math.fsum(self.values * self._shares)

    def quantile(self, probability: Numbers) -> Numbers:
        return self.values[np.searchsorted(self.cumulative, probability, side="right")]

    def within(self, low: float, high: float) -> "StepLaw":
        inside = (self.values >= low) & (self.values <= high)
        return StepLaw(self.values[inside], self._shares[inside])

    def probability_within(self, low: float, high: float) -> float:
        inside = (self.values >= low) & (self.values <= high)
        return float(self._shares[inside].sum())


@dataclass(frozen=True)
class TruncatedLaw:
    """A continuous law given that the value lies in [low, high]."""

    law: Law
    low: float
    high: float

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The probabilities of the law below the two bounds."""
        return self._between(self.law.probability_below, 1.0)

    @cached_property
    def mean(self) -> float:
        below, above = self.bounds
        lowest, highest = self._between(self.law.mean_below, self.law.mean)
        return (highest - lowest) / (above - below)

    def quantile(self, probability: Numbers) -> Numbers:
        below, above = self.bounds
        inside = np.clip(below + (above - below) * probability, LEAST, MOST)
        return np.clip(self.law.quantile(inside), self.low, self.high)

    def _between(self, integral: Callable[[float], float], whole: float) -> tuple[float, float]:
        return (
            0.0 if self.low == -math.inf else integral(self.low),
            whole if self.high == math.inf else integral(self.high),
        )
