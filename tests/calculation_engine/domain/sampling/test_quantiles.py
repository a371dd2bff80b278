import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.calculation_engine.domain.sampling.beta import beta_quantile_table
from services.calculation_engine.domain.sampling.distributions import kept, mean, quantile
from services.calculation_engine.domain.sampling.normal import normal_quantile
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

EVERY_KIND: list[Distribution] = [
    Fixed(kind="fixed", value=3),
    Uniform(kind="uniform", low=-1, high=4),
    Triangular(kind="triangular", low=1, mode=1, high=2),
    Triangular(kind="triangular", low=-5, mode=2, high=2),
    Pert(kind="pert", low=0, mode=3, high=10),
    Pert(kind="pert", low=0, mode=10, high=10, shape=100),
    Normal(kind="normal", mean=100, sd=15),
    Lognormal(kind="lognormal", mean=5, sd=20),
    Beta(kind="beta", a=0.1, b=0.1),
    Beta(kind="beta", a=0.5, b=100, low=-3, high=9),
    Beta(kind="beta", a=100, b=100, low=10, high=20),
    Discrete(kind="discrete", values=(3, 1, 2), weights=(0.2, 0, 0.8)),
    Bernoulli(kind="bernoulli", probability=0.15, value=-4000),
    Empirical(kind="empirical", observations=(4, 4, 1, 7)),
    Truncated(kind="truncated", of=Uniform(kind="uniform", low=-1, high=4), low=0, high=9),
    Truncated(kind="truncated", of=Triangular(kind="triangular", low=0, mode=1, high=4), low=0.5, high=3),
    Truncated(kind="truncated", of=Triangular(kind="triangular", low=0, mode=3, high=4), high=2),
    Truncated(kind="truncated", of=Pert(kind="pert", low=0, mode=3, high=10), low=2, high=5),
    Truncated(kind="truncated", of=Beta(kind="beta", a=0.5, b=0.5), low=0.2),
    Truncated(kind="truncated", of=Normal(kind="normal", mean=0, sd=1), low=3),
    Truncated(kind="truncated", of=Lognormal(kind="lognormal", p10=10, p90=100), low=20, high=200),
    Truncated(kind="truncated", of=Empirical(kind="empirical", observations=(4, 4, 1, 7)), low=2, high=7),
    Truncated(kind="truncated", of=Discrete(kind="discrete", values=(3, 1, 2), weights=(2, 3, 1)), high=2),
    Truncated(kind="truncated", of=Bernoulli(kind="bernoulli", probability=0.1, value=9), low=1),
]


def test_normal_quantile_agrees_with_the_standard_library() -> None:
    shares = np.array([1e-300, 1e-20, 1e-9, 0.02, 0.07, 0.3, 0.5, 0.8, 0.95, 0.999, 1 - 1e-12])
    expected = [NormalDist().inv_cdf(share) for share in shares]
    assert normal_quantile(shares) == pytest.approx(expected, rel=1e-13, abs=1e-15)


def _beta_distribution(x: float, alpha: float, beta: float) -> float:
    """The distribution function by Simpson's rule on 20,001 points, after t = x v^2, which flattens the
    corner at 0; from the nearer end."""
    if x > alpha / (alpha + beta):
        return 1 - _beta_distribution(1 - x, beta, alpha)
    v = np.linspace(0, 1, 20_001)
    t = x * v * v
    density = t ** (alpha - 1) * (1 - t) ** (beta - 1) * 2 * x * v
    weights = np.ones(20_001)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    logarithm = math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta)
    return float(density @ weights) / 60_000 * math.exp(logarithm)


@settings(max_examples=60)
@given(st.floats(1, 101), st.floats(1, 101), st.floats(0.001, 0.999))
@example(101, 101, 0.488)
@example(26, 76, 0.5739)
def test_beta_table_inverts_the_distribution_function(alpha: float, beta: float, share: float) -> None:
    x = float(beta_quantile_table(alpha, beta).quantile(np.array([share]))[0])
    density = math.exp(
        math.lgamma(alpha + beta)
        - math.lgamma(alpha)
        - math.lgamma(beta)
        + (alpha - 1) * math.log(x)
        + (beta - 1) * math.log1p(-x)
    )
    sd = math.sqrt(alpha * beta / (alpha + beta) ** 2 / (alpha + beta + 1))
    error = (_beta_distribution(x, alpha, beta) - share) / density
    assert abs(error) < 2e-7 * sd


@pytest.mark.parametrize("distribution", EVERY_KIND, ids=str)
def test_quantiles_ascend_and_stay_in_the_support(distribution: Distribution) -> None:
    shares = np.array([2.0**-54, 1e-9, 0.01, 0.2, 0.5, 0.8, 0.99, 1 - 2.0**-53])
    values = quantile(distribution, shares)
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()
    if isinstance(distribution, Uniform | Triangular | Pert | Beta):
        assert distribution.low <= values[0]
        assert values[-1] <= distribution.high
    if isinstance(distribution, Truncated):
        assert distribution.low is None or distribution.low <= values[0]
        assert distribution.high is None or values[-1] <= distribution.high


@pytest.mark.parametrize("distribution", EVERY_KIND, ids=str)
def test_the_mean_is_that_of_the_quantiles(distribution: Distribution) -> None:
    """Over the midpoints of equal shares of probability, which miss only some of the outermost tails."""
    values = quantile(distribution, (np.arange(400_000) + 0.5) / 400_000)
    assert mean(distribution) == pytest.approx(values.mean(), abs=1e-4 * values.std() + 1e-12)


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [(None, 2, [1, 1, 1, 1]), (2, None, [4, 4, 4, 7]), (1, 4, [1, 4, 4, 4]), (5, 8, [7, 7, 7, 7])],
)
def test_a_truncation_keeps_what_lies_inside(
    low: float | None, high: float | None, values: list[float]
) -> None:
    whole = Empirical(kind="empirical", observations=(4, 4, 1, 7))
    distribution = Truncated(kind="truncated", of=whole, low=low, high=high)
    assert quantile(distribution, np.array([0.1, 0.4, 0.6, 0.9])).tolist() == values


@pytest.mark.parametrize(("low", "share"), [(-1.0, 0.8413447460685429), (4.0, 3.167124183311992e-05)])
def test_what_a_truncation_keeps(low: float, share: float) -> None:
    """The standard normal's upper tails, from tables."""
    whole = Normal(kind="normal", mean=0, sd=1)
    assert kept(Truncated(kind="truncated", of=whole, low=low)) == pytest.approx(share, rel=1e-9)
