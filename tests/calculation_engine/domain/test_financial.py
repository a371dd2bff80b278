import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.calculation_engine.domain import financial
from services.calculation_engine.domain.discounting import Flow, annual_rate, discount_factors, period_rate

AMOUNTS = st.floats(-1e9, 1e9).filter(lambda amount: amount == 0 or abs(amount) > 1e-3)
FLOWS = st.integers(2, 80).flatmap(lambda size: arrays(np.float64, size, elements=AMOUNTS))


@given(FLOWS)
def test_an_irr_is_a_root_of_npv(flow: Flow) -> None:
    for root in financial.irr_roots(flow):
        factors = np.exp(-np.log1p(root) * np.arange(len(flow)))
        assert abs(flow @ factors) <= 1e-7 * (np.abs(flow) @ factors)


@given(FLOWS)
def test_an_investment_that_earns_has_one_irr(flow: Flow) -> None:
    flow = np.abs(flow) + 1
    flow[0] *= -1
    assert len(financial.irr_roots(flow)) == 1


@pytest.mark.parametrize("outlay", [1e-6, 1.0, 1e12])
def test_an_extreme_irr_is_found_wherever_it_lies(outlay: float) -> None:
    (root,) = financial.irr_roots(np.array([-outlay, 1e6]))
    assert root == pytest.approx(1e6 / outlay - 1, rel=1e-9)


def test_an_irr_beyond_float64_is_not_found() -> None:
    assert financial.irr_roots(np.array([-1e-300, 1e18])) == []
    assert financial.irr_roots(np.array([-1.0, 1e-20])) == []


def test_an_irr_is_exact_to_the_last_digits() -> None:
    """(1 + r)^60 = 2: the flow's other amounts are what is earned on it meanwhile."""
    rate = 2 ** (1 / 60) - 1
    flow = np.array([-1.0, *[rate / 2] * 59, 0.0])
    flow[-1] = -financial.npv(rate, flow) * 2
    assert financial.irr_roots(flow) == [pytest.approx(rate, rel=1e-14)]


def test_a_late_gain_has_a_mirr_whatever_the_rate() -> None:
    """At 1,000 % a period, what is earned after 400 periods is worth 1e-416 at the start."""
    flow = np.zeros(601)
    flow[[0, 400]] = -1.0, 5.0
    assert financial.mirr(flow, 10.0, 10.0) == pytest.approx(5 ** (1 / 600) * 11 ** (1 / 3) - 1, rel=1e-12)


def test_a_mirr_beyond_float64_does_not_exist() -> None:
    assert financial.mirr(np.array([-1e-300, 1e18]), 0.1, 0.1) is None


def test_a_flow_that_never_pays_has_no_payback() -> None:
    assert financial.payback(np.array([-10.0, 3.0, 3.0])) is None


def test_a_flow_that_is_never_below_zero_pays_at_once() -> None:
    assert financial.payback(np.array([0.0, 3.0, 3.0])) == 0


def test_payback_counts_from_the_first_time_below_zero() -> None:
    assert financial.payback(np.array([0.0, -4.0, 8.0, -9.0, 20.0])) == 1.5


def test_profitability_needs_an_outlay() -> None:
    assert financial.profitability_index(0.1, np.array([0.0, 5.0])) is None


def test_a_ratio_beyond_float64_does_not_exist() -> None:
    assert financial.ratio(1e300, 1e-300) is None
    assert financial.ratio(1.0, 0.0) is None


@given(st.floats(-0.5, 10), st.sampled_from([1, 3, 12]))
def test_periods_compound_to_the_year(annual: float, months: int) -> None:
    rate = period_rate(annual, months)
    assert annual_rate(rate, months) == pytest.approx(annual, abs=1e-12, rel=1e-12)
    factors = discount_factors(annual, months, 24)
    assert factors[0] == 1
    assert factors[12 // months] == pytest.approx(1 / (1 + annual))
