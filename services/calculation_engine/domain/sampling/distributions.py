"""The distributions of the value model: the law that each document stands for."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from services.calculation_engine.domain.sampling.laws import (
    BetaLaw,
    LognormalLaw,
    NormalLaw,
    Numbers,
    StepLaw,
    TriangularLaw,
    TruncatedLaw,
    UniformLaw,
)
from services.schemas.distributions import (
    Bernoulli,
    Beta,
    Discrete,
    Distribution,
    Empirical,
    Fixed,
    Lognormal,
    Normal,
    Pert,
    Triangular,
    Truncated,
    Uniform,
)

SomeLaw = UniformLaw | TriangularLaw | BetaLaw | NormalLaw | LognormalLaw | StepLaw | TruncatedLaw

LEAST_KEPT = 1e-9
"""A truncation keeps at least this probability: less could not be inverted with float64."""

# The standard normal's 90th percentile: ln P90 and ln P10 lie so many standard deviations from the middle.
_Z90 = 1.2815515655446004


def mean(distribution: Distribution) -> float:
    """The expected value; infinite where it is beyond float64."""
    return law_of(distribution).mean


def quantile(distribution: Distribution, probability: Numbers) -> Numbers:
    """The values that the distribution stays below with these probabilities, each strictly between 0 and
    1."""
    return law_of(distribution).quantile(probability)


def kept(distribution: Truncated) -> float:
    """The probability that the bounds of a truncation leave."""
    whole = law_of(distribution.of)
    low, high = _bounds(distribution)
    if isinstance(whole, StepLaw):
        return whole.probability_within(low, high)
    assert not isinstance(whole, TruncatedLaw)  # noqa: S101
    below, above = TruncatedLaw(whole, low, high).bounds
    return above - below


@lru_cache(maxsize=512)
def law_of(distribution: Distribution) -> SomeLaw:
    """The law of a distribution; that of a truncated one asks that `kept` is not below LEAST_KEPT."""
    return _LAWS[type(distribution)](distribution)


def logarithmic_moments(distribution: Lognormal) -> tuple[float, float]:
    """Mean and standard deviation of the value's natural logarithm."""
    if distribution.mean is not None and distribution.sd is not None:
        spread = distribution.sd / distribution.mean
        variance = math.log1p(spread * spread)
        return math.log(distribution.mean) - variance / 2, math.sqrt(variance)
    if distribution.p10 is not None and distribution.p90 is not None:
        low, high = math.log(distribution.p10), math.log(distribution.p90)
        return (low + high) / 2, (high - low) / (2 * _Z90)
    raise ValueError("a lognormal distribution has mean and sd, or p10 and p90")


def _pert(distribution: Pert) -> SomeLaw:
    low, high, shape = distribution.low, distribution.high, distribution.shape
    towards = (distribution.mode - low) / (high - low)
    return BetaLaw(1 + shape * towards, 1 + shape * (1 - towards), low, high)


def _bernoulli(distribution: Bernoulli) -> SomeLaw:
    happens = distribution.probability
    return StepLaw(np.array([distribution.value, 0.0]), np.array([happens, 1 - happens]))


def _truncated(distribution: Truncated) -> SomeLaw:
    whole = law_of(distribution.of)
    low, high = _bounds(distribution)
    if isinstance(whole, StepLaw):
        return whole.within(low, high)
    assert not isinstance(whole, TruncatedLaw)  # noqa: S101
    return TruncatedLaw(whole, low, high)


def _bounds(distribution: Truncated) -> tuple[float, float]:
    return (
        -math.inf if distribution.low is None else distribution.low,
        math.inf if distribution.high is None else distribution.high,
    )


_LAWS: dict[type, Callable[..., SomeLaw]] = {
    Fixed: lambda it: StepLaw(np.array([it.value]), np.ones(1)),
    Uniform: lambda it: UniformLaw(it.low, it.high),
    Triangular: lambda it: TriangularLaw(it.low, it.mode, it.high),
    Pert: _pert,
    Normal: lambda it: NormalLaw(it.mean, it.sd),
    Lognormal: lambda it: LognormalLaw(*logarithmic_moments(it)),
    Beta: lambda it: BetaLaw(it.a, it.b, it.low, it.high),
    Discrete: lambda it: StepLaw(np.array(it.values), np.array(it.weights)),
    Bernoulli: _bernoulli,
    Empirical: lambda it: StepLaw(np.array(it.observations), np.ones(len(it.observations))),
    Truncated: _truncated,
}
