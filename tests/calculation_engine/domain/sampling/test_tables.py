"""Tabulated inverses against the laws that they stand for, with both loops."""

import math

import numpy as np
import pytest

from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.sampling.copula import copula, normal_probabilities
from services.calculation_engine.domain.sampling.distributions import SomeLaw, law_of
from services.calculation_engine.domain.sampling.inverses import Inverses
from services.calculation_engine.domain.sampling.laws import (
    LEAST,
    MOST,
    Law,
    LognormalLaw,
    NormalLaw,
    Numbers,
)
from services.calculation_engine.domain.sampling.normal import normal_probability, normal_quantile
from services.calculation_engine.domain.sampling.sample import Design, JointLaw, Sample
from services.schemas.distributions import Distribution
from services.schemas.value_model import Correlation
from tests.calculation_engine.domain.sampling.test_quantiles import EVERY_KIND
from tests.calculation_engine.every_loop import COMPILED, EVERY_LOOP, NUMPY

SHARES = np.concatenate(
    (
        [LEAST, 1e-9, 1e-4, 0.25, 0.5, np.nextafter(0.5, 1), 0.75, 1 - 1e-9, MOST],
        np.random.default_rng(2).random(BLOCK - 9),
    )
)


def drawn(loops: Loops, law: SomeLaw | Law) -> Numbers:
    """The law's values at SHARES."""
    registers = SHARES[np.newaxis].copy()
    with np.errstate(all="ignore"):
        Inverses([law]).over(loops, np.array([0]), registers)
    found: Numbers = registers[0]
    return found


@pytest.mark.parametrize("loops", EVERY_LOOP)
def test_the_normal_table_is_exact_to_a_few_billionths(loops: Loops) -> None:
    found = drawn(loops, NormalLaw(0.0, 1.0))
    assert np.abs(found - normal_quantile(SHARES)).max() < 2e-8


@pytest.mark.parametrize("sigma", [0.05, 1.0, 1.5, 80.0])
def test_lognormal_values_are_exact_in_their_tails(sigma: float) -> None:
    """Those beyond float64 are NaN; a narrow law has a table of its own, a wide one the normal law's."""
    law = LognormalLaw(0.3, sigma)
    compiled = drawn(COMPILED, law)
    assert np.array_equal(compiled, drawn(NUMPY, law), equal_nan=True)
    exponents = 0.3 + sigma * normal_quantile(SHARES)
    representable = exponents < 709
    assert np.isnan(compiled[~representable]).all()
    assert compiled[representable] == pytest.approx(
        np.exp(exponents[representable]), rel=2e-8 * max(sigma, 1)
    )


@pytest.mark.parametrize("distribution", EVERY_KIND, ids=str)
def test_drawn_values_are_the_law_s_quantiles(distribution: Distribution) -> None:
    """To 2e-7 standard deviations, and with the same bits from both loops."""
    law = law_of(distribution)
    exact = law.quantile(SHARES)
    compiled = drawn(COMPILED, law)
    assert np.array_equal(compiled, drawn(NUMPY, law))
    sd = law.quantile((np.arange(10_000) + 0.5) / 10_000).std()
    inner = (SHARES > 1e-6) & (SHARES < 1 - 1e-6)
    assert np.abs(compiled - exact)[inner].max() <= 2e-7 * sd


def test_normal_probabilities_keep_their_digits_in_the_tails() -> None:
    z = np.linspace(-8.5, 8.5, 5001)
    exact = np.array([normal_probability(float(value)) for value in z])
    found = normal_probabilities(COMPILED, z)
    assert found == pytest.approx(exact, rel=1e-9)
    assert np.array_equal(found, normal_probabilities(NUMPY, z))


@pytest.mark.parametrize("loops", EVERY_LOOP)
@pytest.mark.parametrize("rank", [-0.8, 0.3, 0.95])
def test_ranks_correlate_as_wanted_whatever_the_laws(loops: Loops, rank: float) -> None:
    laws = {"x": law_of(EVERY_KIND[4]), "y": law_of(EVERY_KIND[7])}
    pair = Correlation(first="x", second="y", rank=rank)
    law = JointLaw(laws, copula((pair,), frozenset(laws)))
    registers = np.zeros((2, BLOCK))
    Sample(law, Design("sobol", 3, BLOCK)).fill(loops, 0, law.places({"x": 0, "y": 1}), registers)
    ranks = registers.argsort(axis=1).argsort(axis=1)
    assert np.corrcoef(*ranks).item(1) == pytest.approx(rank, abs=0.02)
    assert registers[0].mean() == pytest.approx(laws["x"].mean, rel=0.01)
    assert math.isfinite(registers.max())
