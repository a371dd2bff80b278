"""The figures of one structure, from draws that are known."""

import numpy as np
import pytest

from services.calculation_engine.domain.deal import Outcome
from services.calculation_engine.domain.deal_figures import measured
from services.schemas.deal_optimization import Figure
from services.schemas.simulation import Estimate

ALL: tuple[Figure, ...] = (
    "vendor_margin",
    "vendor_margin_ratio",
    "vendor_p10_margin",
    "customer_npv",
    "customer_roi",
    "customer_p10_npv",
    "customer_p10_roi",
    "customer_npv_positive",
)


def an_outcome(revenue: list[float], *, cost: float = 0.0, npv: float = 1.0, paid: float = 2.0) -> Outcome:
    earned = np.array(revenue)
    return Outcome(earned, earned - cost, np.full(len(earned), npv), np.full(len(earned), paid))


def test_a_replicate_s_own_figures_average_to_the_estimates() -> None:
    """But for percentiles and ratios, which are not linear: these are alike."""
    generator = np.random.default_rng(1)
    revenue, npv, costs = generator.uniform(10, 20, 8000), generator.normal(1, 3, 8000), np.full(8000, 4.0)
    found = measured(Outcome(revenue, revenue - 5, npv, costs), ALL)
    for figure, replicates in zip(ALL, found.compared, strict=True):
        estimate: Estimate = getattr(found.figures, figure)
        exactly = figure in {"vendor_margin", "customer_npv", "customer_roi", "customer_npv_positive"}
        assert replicates.mean() == pytest.approx(estimate.value, abs=1e-9 if exactly else 0.05)
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low < replicates.mean() < estimate.high
    assert found.figures.customer_p10_npv.value == pytest.approx(1 - 1.2816 * 3, abs=0.1)
    assert found.figures.vendor_margin_ratio.value == pytest.approx(10 / 15, abs=0.01)


def test_a_replicate_without_revenue_has_no_margin_ratio() -> None:
    """The ratio of all draws stands; how sure it is, nobody knows."""
    (ratios,) = measured(an_outcome([8.0] * 7 + [0.0], cost=2.0), ["vendor_margin_ratio"]).compared
    assert ratios[:7] == pytest.approx([0.75] * 7)
    assert np.isnan(ratios[7])
    found = measured(an_outcome([8.0] * 7 + [0.0], cost=2.0), []).figures.vendor_margin_ratio
    assert found == Estimate(value=(56 - 16) / 56, low=None, high=None)


def test_no_revenue_at_all_has_no_margin_ratio() -> None:
    found = measured(an_outcome([0.0] * 8, cost=2.0), ALL).figures
    assert found.vendor_margin_ratio.value is None
    assert found.vendor_margin.value == -2


def test_no_draw_with_a_value_has_no_figure() -> None:
    nothing = np.full(16, np.nan)
    found = measured(Outcome(nothing, nothing, nothing, nothing), ALL)
    assert {estimate["value"] for estimate in found.figures.model_dump().values()} == {None}
    assert all(np.isnan(replicates).all() for replicates in found.compared)
