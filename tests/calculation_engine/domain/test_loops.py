"""The compiled loops and NumPy's: the same bits, and nobody waits for the compiled ones."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from services.calculation_engine.domain import financial
from services.calculation_engine.domain.drawn_irr import Flows, rates_of_return
from services.calculation_engine.domain.loops import choice
from tests.calculation_engine.every_loop import COMPILED, NUMPY

AMOUNTS = st.floats(-1e9, 1e9).filter(lambda amount: amount == 0 or abs(amount) > 1e-3)
FLOWS = st.tuples(st.integers(2, 40), st.integers(1, 20)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=AMOUNTS)
)

Table = NDArray[np.float64]


@given(FLOWS)
def test_paybacks_are_the_same_and_those_of_single_flows(flows: Table) -> None:
    found, again = np.empty(flows.shape[1]), np.empty(flows.shape[1])
    at, factors = np.arange(len(flows)), np.linspace(1, 0.5, len(flows))
    COMPILED.payback(flows, at, factors, found)
    NUMPY.payback(flows, at, factors, again)
    assert np.array_equal(found, again)
    for column, flow in zip(found.tolist(), (flows * factors[:, np.newaxis]).T, strict=True):
        expected = financial.payback(flow)
        assert column == pytest.approx(np.inf if expected is None else expected)


@given(FLOWS)
def test_rates_are_the_same_and_those_of_single_flows(flows: Table) -> None:
    found, again = (rates_of_return(loops, Flows.of(flows)) for loops in (COMPILED, NUMPY))
    assert np.array_equal(found.single, again.single, equal_nan=True)
    assert np.array_equal(found.several, again.several)
    for rate, several, flow in zip(found.single.tolist(), found.several.tolist(), flows.T, strict=True):
        roots = financial.irr_roots(flow)
        assert several == (len(roots) > 1)
        if len(roots) == 1 and 1e-9 < 1 + roots[0] < 1e9:
            assert rate == pytest.approx(roots[0], rel=1e-6, abs=1e-9)


@given(
    arrays(np.float64, (3, 50), elements=st.one_of(st.floats(-1e20, 1e20), st.just(np.nan))),
    st.floats(-1e3, 1e3),
)
def test_sums_and_usable_draws_are_the_same(registers: Table, weight: float) -> None:
    rows, weights = np.array([2, 0]), np.array([weight, 0.1])
    sums, usable = [np.zeros(50), np.zeros(50)], [np.ones(50, np.bool_), np.ones(50, np.bool_)]
    for number, loops in enumerate((COMPILED, NUMPY)):
        loops.weigh(registers, rows, weights, sums[number])
        loops.usable(registers, rows, 1e18, usable[number])
    assert np.array_equal(sums[0], sums[1], equal_nan=True)
    assert np.array_equal(usable[0], usable[1])


def test_loading_ends_with_the_compiled_loops() -> None:
    assert choice.loaded() is choice.loops()
    assert choice.loops() is COMPILED


def test_starting_the_service_imports_no_compiler() -> None:
    check = "import sys, services.calculation_engine.main; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False, timeout=60).returncode == 0


def test_numpy_serves_where_numba_is_missing() -> None:
    check = (
        "import sys; sys.modules['numba'] = None\n"
        "from services.calculation_engine.domain.loops import choice, vectors\n"
        "sys.exit(choice.loaded() is not vectors)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False, timeout=60).returncode == 0
