import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calculation_engine.domain.statistics import (
    distributed,
    histogram,
    mean_estimate,
    percentile,
    proportion,
)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200), st.floats(0.01, 0.99))
def test_percentiles_are_numpys(values: list[float], share: float) -> None:
    ordered = np.sort(np.array(values))
    expected = float(np.percentile(ordered, share * 100))
    assert percentile(ordered, share).value == pytest.approx(expected, rel=1e-9, abs=1e-3)


def test_a_percentile_needs_enough_draws_for_its_interval() -> None:
    ordered = np.arange(100, dtype=np.float64)
    assert percentile(ordered, 0.01).low is None
    middle = percentile(ordered, 0.5)
    assert (middle.low, middle.value, middle.high) == (39, 49.5, 60)


def test_percentile_intervals_hold_what_they_promise() -> None:
    generator = np.random.default_rng(4)
    hits = 0
    for _ in range(400):
        estimate = percentile(np.sort(generator.normal(size=500)), 0.9)
        assert estimate.low is not None
        assert estimate.high is not None
        hits += estimate.low <= 1.2815515655446004 <= estimate.high
    assert 0.92 <= hits / 400 <= 0.99


def test_a_single_draw_has_no_spread() -> None:
    estimate = mean_estimate(np.array([5.0]))
    assert (estimate.value, estimate.low, estimate.high) == (5, None, None)


def test_infinity_counts_in_percentiles_but_not_in_moments() -> None:
    sample = np.array([1.0, 2.0, 3.0, math.inf, math.nan])
    found = distributed("payback_months", sample, bins=2)
    assert found.undefined == 2
    assert found.mean.value == 2
    assert found.sd == 1
    assert found.percentiles.p50.value == 2.5
    assert found.percentiles.p90.value is None


@pytest.mark.parametrize("value", [0.0, 1e-9, -7.0, 1e17])
def test_a_histogram_of_one_value_has_a_width(value: float) -> None:
    found = histogram(np.full(10, value), bins=4)
    assert sum(found.counts) == 10
    assert list(found.edges) == sorted(set(found.edges))


def test_extreme_draws_lie_outside_the_histogram() -> None:
    values = np.sort(np.concatenate([np.linspace(0, 1, 1000), [1e9, -1e9]]))
    found = histogram(values, bins=10)
    assert found.edges[0] >= 0
    assert found.edges[-1] <= 1
    assert found.below + found.above + sum(found.counts) == 1002


def test_certainty_has_no_certain_interval() -> None:
    never, always = proportion(0, 100), proportion(100, 100)
    assert (never.value, never.low) == (0, 0)
    assert never.high == pytest.approx(0.037, abs=0.001)
    assert (always.value, always.high) == (1, 1)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_proportion_lies_in_its_interval(successes: int, failures: int) -> None:
    found = proportion(successes, successes + failures)
    if successes + failures == 0:
        assert found.value is None
        return
    assert found.low is not None
    assert found.value is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
