"""The distributions of the value model: their means, and the values at given probabilities."""

import math
from typing import assert_never

import numpy as np

from services.calculation_engine.domain.sampling.beta import beta_quantile_table
from services.calculation_engine.domain.sampling.normal import Numbers, normal_quantile
from services.schemas.distributions import (
    Distribution,
    Fixed,
    Lognormal,
    Normal,
    Pert,
    Triangular,
    Uniform,
)

# The standard normal's 90th percentile: ln P90 and ln P10 lie so many standard deviations from the middle.
_Z90 = 1.2815515655446004


def mean(distribution: Distribution) -> float:
    """The expected value; infinite where it is beyond float64."""
    match distribution:
        case Fixed():
            return distribution.value
        case Uniform():
            return distribution.low + (distribution.high - distribution.low) / 2
        case Triangular():
            return distribution.low / 3 + distribution.mode / 3 + distribution.high / 3
        case Pert(low=low, mode=mode, high=high, shape=shape):
            return (low + shape * mode + high) / (shape + 2)
        case Normal():
            return distribution.mean
        case Lognormal():
            mu, sigma = logarithmic_moments(distribution)
            return _exp(mu + sigma * sigma / 2)
        case _:
            assert_never(distribution)


def quantile(distribution: Distribution, probability: Numbers) -> Numbers:
    """The values that the distribution stays below with these probabilities, each strictly between 0 and
    1."""
    match distribution:
        case Fixed():
            return np.full_like(probability, distribution.value)
        case Uniform():
            return distribution.low + (distribution.high - distribution.low) * probability
        case Triangular():
            return _triangular(distribution, probability)
        case Pert():
            return _pert(distribution, probability)
        case Normal():
            return distribution.mean + distribution.sd * normal_quantile(probability)
        case Lognormal():
            mu, sigma = logarithmic_moments(distribution)
            return np.exp(mu + sigma * normal_quantile(probability))
        case _:
            assert_never(distribution)


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


def _exp(exponent: float) -> float:
    try:
        return math.exp(exponent)
    except OverflowError:
        return math.inf


def _triangular(distribution: Triangular, probability: Numbers) -> Numbers:
    width = distribution.high - distribution.low
    below = (distribution.mode - distribution.low) / width
    rising = distribution.low + width * np.sqrt(probability * below)
    falling = distribution.high - width * np.sqrt((1 - probability) * (1 - below))
    return np.where(probability < below, rising, falling)


def _pert(distribution: Pert, probability: Numbers) -> Numbers:
    width = distribution.high - distribution.low
    towards = (distribution.mode - distribution.low) / width
    table = beta_quantile_table(1 + distribution.shape * towards, 1 + distribution.shape * (1 - towards))
    return distribution.low + width * table.quantile(probability)
