"""Moments and quantiles of the distributions in closed form."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from services.calculation_engine.domain.sampling.distributions import logarithmic_moments, mean, quantile
from services.schemas.distributions import Distribution, Lognormal
from tests.golden import Case, cases, identities

KINDS = {
    "triangular": "triangular",
    "pert": "pert",
    "lognormal_p10_p90": "lognormal",
    "lognormal_mean_sd": "lognormal",
    "truncated_normal": "truncated",
}
CASES = [case for case in cases("sobol") if case["kind"] in KINDS]


def distribution_of(case: Case) -> Distribution:
    adapter: TypeAdapter[Distribution] = TypeAdapter(Distribution)
    inputs = dict(case["inputs"])
    if case["kind"] == "truncated_normal":
        inputs["of"] = {"kind": "normal", "mean": inputs.pop("mean"), "sd": inputs.pop("sd")}
    return adapter.validate_python({"kind": KINDS[case["kind"]], **inputs})


@pytest.mark.parametrize("case", CASES, ids=identities(CASES))
def test_mean_and_quantiles(case: Case) -> None:
    distribution, expected = distribution_of(case), case["expected"]
    assert mean(distribution) == pytest.approx(expected["mean"]["value"], rel=1e-9)
    shares = np.array([int(name[1:]) / 100 for name in expected["quantiles"]])
    assert quantile(distribution, shares) == pytest.approx(list(expected["quantiles"].values()), rel=1e-9)


@pytest.mark.parametrize("case", CASES, ids=identities(CASES))
def test_standard_deviation(case: Case) -> None:
    """The midpoints of many equal shares of probability; their spread misses only some of the outermost
    tails."""
    shares = (np.arange(200_000) + 0.5) / 200_000
    values = quantile(distribution_of(case), shares)
    assert values.std() == pytest.approx(case["expected"]["sd"]["value"], rel=2e-3)


LOGNORMAL = [case for case in CASES if "mu" in case["expected"]]


@pytest.mark.parametrize("case", LOGNORMAL, ids=identities(LOGNORMAL))
def test_logarithmic_moments(case: Case) -> None:
    distribution = distribution_of(case)
    assert isinstance(distribution, Lognormal)
    mu, sigma = logarithmic_moments(distribution)
    assert mu == pytest.approx(case["expected"]["mu"]["value"], rel=1e-12)
    assert sigma == pytest.approx(case["expected"]["sigma"]["value"], rel=1e-12)
