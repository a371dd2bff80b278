"""What samples say: checked on values that are made up, not drawn from a model."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.calculation_engine.domain.experiment import Columns
from services.calculation_engine.domain.part import Part, part_of_columns
from services.calculation_engine.domain.quantiles import quantiles_of
from services.calculation_engine.domain.statistics import distributed, percentile, probability
from services.schemas.simulation import Distributed, Targets

Values = NDArray[np.float64]


def a_part(values: Values, *, keep: bool = True) -> Part:
    """The part of draws whose NPV is this; NaN for one that has none."""
    columns = Columns({"npv": values}, np.ones(len(values), dtype=np.bool_), 0, None)
    return part_of_columns(columns, 0, {}, Targets(), keep=keep)


def described(values: Values, *, bins: int = 10, keep: bool = True) -> Distributed:
    return distributed("npv", a_part(values, keep=keep), bins)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200), st.floats(0.01, 0.99))
def test_percentiles_are_numpys(values: list[float], share: float) -> None:
    quantiles = quantiles_of(a_part(np.array(values)).outputs["npv"])
    expected = float(np.percentile(values, share * 100))
    assert percentile(quantiles, share).value == pytest.approx(expected, rel=1e-9, abs=1e-3)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200))
def test_moments_are_numpys(values: list[float]) -> None:
    found = described(np.array(values))
    size = np.abs(values).max()
    assert found.mean.value == pytest.approx(np.mean(values), rel=1e-9, abs=1e-12 * size)
    if len(values) > 1:
        assert found.sd == pytest.approx(np.std(values, ddof=1), rel=1e-6, abs=1e-9 * size)


def test_a_percentile_needs_enough_draws_for_its_interval() -> None:
    values = np.random.default_rng(1).permutation(100).astype(np.float64)
    quantiles = quantiles_of(a_part(values).outputs["npv"])
    assert percentile(quantiles, 0.01).low is None
    middle = percentile(quantiles, 0.5)
    assert middle.value == 49.5
    assert middle.low is not None
    assert middle.low < 49.5


@pytest.mark.parametrize("keep", [True, False], ids=["values", "histogram"])
def test_intervals_hold_what_they_promise(keep: bool) -> None:
    """95 %: of 300 samples between 92 % and 98 %."""
    generator = np.random.default_rng(4)
    hits = {"mean": 0, "sd": 0, "p90": 0, "positive": 0}
    for _ in range(300):
        part = a_part(generator.normal(size=800), keep=keep)
        found = distributed("npv", part, 10)
        positive = probability(part.hits["npv_positive"], part.usable)
        for name, estimate, truth in (
            ("mean", found.mean, 0.0),
            ("sd", found.sd_interval, 1.0),
            ("p90", found.percentiles.p90, 1.2815515655446004),
            ("positive", positive, 0.5),
        ):
            assert estimate.low is not None
            assert estimate.high is not None
            hits[name] += estimate.low <= truth <= estimate.high
    for name, count in hits.items():
        assert 0.92 <= count / 300 <= 0.985, name


@pytest.mark.parametrize("shape", ["normal", "lognormal", "far from zero"])
def test_a_histogram_knows_the_quantiles_to_a_few_thousandths_of_a_percentage_point(shape: str) -> None:
    generator = np.random.default_rng(5)
    values = {
        "normal": lambda: generator.normal(0.3, 2, 2**20),
        "lognormal": lambda: generator.lognormal(0, 2, 2**20),
        "far from zero": lambda: generator.normal(1e9, 1, 2**20),
    }[shape]()
    ordered = np.sort(values)
    quantiles = quantiles_of(a_part(values, keep=False).outputs["npv"])
    for share in (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99):
        found = quantiles.at(share)
        assert found is not None
        reached = np.searchsorted(ordered, found) / len(values)
        assert abs(reached - share) < 5e-5


def test_a_histogram_counts_what_values_would() -> None:
    values = np.random.default_rng(6).normal(5, 1, 50_000)
    exact, binned = described(values), described(values, keep=False)
    assert binned.mean == exact.mean
    assert binned.sd == exact.sd
    assert binned.histogram.edges == pytest.approx(exact.histogram.edges, abs=1e-2)
    assert binned.histogram.counts == pytest.approx(exact.histogram.counts, abs=100)
    assert sum(binned.histogram.counts) + binned.histogram.below + binned.histogram.above == 50_000


def test_a_single_draw_has_no_spread() -> None:
    found = described(np.array([5.0]))
    assert (found.mean.value, found.mean.low, found.mean.high, found.sd) == (5, None, None, None)
    assert found.sd_interval.low is found.sd_interval.high is None


def test_infinity_counts_in_percentiles_but_not_in_moments() -> None:
    found = described(np.array([1.0, 2.0, 3.0, math.inf, math.nan]), bins=2)
    assert found.undefined == 2
    assert found.mean.value == 2
    assert found.sd == 1
    assert found.percentiles.p50.value == 2.5
    assert found.percentiles.p90.value is None


@pytest.mark.parametrize("keep", [True, False], ids=["values", "histogram"])
@pytest.mark.parametrize("value", [0.0, 1e-9, -7.0, 1e17])
def test_a_histogram_of_one_value_has_a_width(value: float, keep: bool) -> None:
    found = described(np.full(10, value), bins=4, keep=keep).histogram
    assert sum(found.counts) == 10
    assert list(found.edges) == sorted(set(found.edges))


def test_extreme_draws_lie_outside_the_histogram() -> None:
    values = np.concatenate([np.random.default_rng(1).permutation(np.linspace(0, 1, 2000)), [1e9, -1e9]])
    found = described(values, bins=10).histogram
    assert found.edges[0] > -0.1
    assert found.edges[-1] < 1.1
    assert found.below + found.above + sum(found.counts) == 2002
    assert min(found.below, found.above) >= 1


def test_certainty_has_no_certain_interval() -> None:
    count = np.full(8, 100)
    never, always = probability(np.zeros(8, dtype=np.int64), count), probability(count, count)
    assert (never.value, never.low) == (0, 0)
    assert never.high == pytest.approx(0.0048, abs=0.0001)
    assert (always.value, always.high) == (1, 1)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=8, max_size=8))
def test_a_proportion_lies_in_its_interval(counts: list[tuple[int, int]]) -> None:
    hits = np.array([hit for hit, _ in counts])
    usable = np.array([hit + miss for hit, miss in counts])
    found = probability(hits, usable)
    if usable.sum() == 0:
        assert found.value is None
        return
    assert found.low is not None
    assert found.value is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
