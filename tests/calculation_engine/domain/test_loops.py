"""The compiled loops and NumPy's: the same bits, and nobody waits for the compiled ones."""

import ast
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numba.core.registry import cpu_target
from numpy.typing import NDArray

from services.calculation_engine.domain import financial
from services.calculation_engine.domain.drawn_irr import Flows, rates_of_return
from services.calculation_engine.domain.histogram import BINS
from services.calculation_engine.domain.loops import choice, native, shared
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.native.compiling import digest
from tests.calculation_engine.every_loop import COMPILED, EVERY_LOOP, NUMPY

ROOT = Path(__file__).parents[3]
AMOUNTS = st.one_of(st.just(0.0), st.floats(1e-3, 1e9), st.floats(-1e9, -1e-3))
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


@pytest.mark.parametrize(
    ("rate", "periods"),
    [(-0.99999, 2), (-0.99999, 38), (-0.5, 400), (0.02, 400), (50.0, 40), (99_000.0, 20)],
)
def test_rates_far_from_the_usual_are_found(rate: float, periods: int) -> None:
    """Something paid at the start, and received once, so many periods later, or in every period."""
    once, always = np.zeros(periods + 1), np.ones(periods + 1)
    once[-1] = 1.0
    once[0], always[0] = -((1 + rate) ** -periods), -sum((1 + rate) ** -t for t in range(1, periods + 1))
    flows = np.stack((once, always), axis=1)
    for loops in (COMPILED, NUMPY):
        found = rates_of_return(loops, Flows.of(flows)).single
        assert found == pytest.approx(np.full(2, rate), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("loops", EVERY_LOOP)
def test_zeros_before_and_after_a_flow_hide_no_rate(loops: Loops) -> None:
    lengths = np.array([300, 1, 1, 6, 300])
    flows = {
        "earns next to nothing": [0.0, -7.3e10, 0.0, 1.37e-3, 0.0],
        "earns a million times the outlay": [0.0, -1e-3, 1e3, 0.0, 0.0],
        "has two rates, one below -99 %": [0.0, -1.0, 0.03, -1e-4 / 6, 0.0],
        "goes on": [-1.0, 0.02, 0.02, 0.02, 0.02],
        "goes on, but begins late": [0.0, -1.0, 0.02, 0.02, 0.02],
        "is nothing": [0.0] * 5,
    }
    found = rates_of_return(loops, Flows(np.stack(list(flows.values()), axis=1), lengths))
    assert not found.several.any()
    for rate, flow in zip(found.single.tolist(), flows.values(), strict=True):
        exact = financial.irr_roots(np.repeat(flow, lengths))
        assert [rate][: len(exact)] == pytest.approx(exact, rel=1e-6)
        assert np.isnan(rate) == (not exact)


@given(FLOWS, st.data())
def test_a_delay_leaves_a_rate_as_it_is(flows: Table, data: st.DataObject) -> None:
    size, columns = flows.shape
    delays = data.draw(arrays(np.int64, columns, elements=st.integers(0, 400)))
    delayed = np.zeros((size + 400, columns))
    for column, delay in enumerate(delays.tolist()):
        delayed[delay : delay + size, column] = flows[:, column]
    expected, found = (rates_of_return(COMPILED, Flows.of(table)) for table in (flows, delayed))
    assert np.array_equal(found.several, expected.several)
    assert np.array_equal(np.isnan(found.single), np.isnan(expected.single))
    within = np.flatnonzero((expected.single > 1e-9 - 1) & (expected.single < 1e9))
    assert found.single[within] == pytest.approx(expected.single[within], rel=1e-6, abs=1e-9)


@given(FLOWS, st.data())
def test_periods_that_are_alike_may_share_a_row(rows: Table, data: st.DataObject) -> None:
    lengths = data.draw(arrays(np.int64, len(rows), elements=st.integers(1, 60)))
    found, again = (rates_of_return(loops, Flows(rows, lengths)) for loops in (COMPILED, NUMPY))
    assert np.array_equal(found.single, again.single, equal_nan=True)
    each = rates_of_return(COMPILED, Flows.of(np.repeat(rows, lengths, axis=0)))
    assert np.array_equal(found.several, each.several)
    assert found.single == pytest.approx(each.single, rel=1e-6, abs=1e-9, nan_ok=True)


@given(
    arrays(np.float64, (3, 50), elements=st.one_of(st.floats(-1e20, 1e20), st.just(np.nan))),
    st.floats(-1e3, 1e3),
)
def test_sums_and_usable_draws_are_the_same(registers: Table, weight: float) -> None:
    rows, weights, ends = np.array([2, 0, 1]), np.array([weight, 0.1, 2.0]), np.array([2, 2, 3])
    sums, usable, counts = np.ones((2, 3, 50)), np.empty((2, 50), np.bool_), []
    for number, loops in enumerate((COMPILED, NUMPY)):
        limited = registers, np.array([2, 0]), 1e18, usable[number]
        counts.append(loops.totals(*limited, rows, weights, ends, sums[number]))
    assert np.array_equal(sums[0], sums[1], equal_nan=True)
    assert np.array_equal(
        sums[0], [weight * registers[2] + 0.1 * registers[0], np.zeros(50), 2 * registers[1]], equal_nan=True
    )
    assert np.array_equal(usable[0], usable[1])
    assert usable[0].tolist() == (np.abs(registers[[0, 2]]) < 1e18).all(axis=0).tolist()
    assert counts == [usable[0].sum()] * 2


@given(
    arrays(
        np.float64,
        st.integers(1, 3000),
        elements=st.one_of(st.floats(-1e6, 1e6), st.sampled_from([np.nan, np.inf, -np.inf, 0.5])),
    ),
    st.floats(-10, 10),
    st.floats(1e-3, 1e3),
    st.sampled_from([0, BINS]),
)
def test_columns_are_summed_up_to_the_same_bits(
    values: NDArray[np.float64], centre: float, width: float, bins: int
) -> None:
    found = []
    for loops in (COMPILED, NUMPY):
        moments, infinite, ends = np.empty((3, 8)), np.empty(8, np.int64), np.empty(2)
        counts = np.empty((8, bins), np.int64)
        loops.sum_up(values, centre, width, moments, infinite, ends, counts)
        found.append((moments, infinite, ends, counts))
    for compiled, by_numpy in zip(*found, strict=True):
        assert np.array_equal(compiled, by_numpy)
    moments, infinite, _, counts = found[0]
    assert moments[0].sum() == np.isfinite(values).sum()
    assert infinite.sum() == np.isposinf(values).sum()
    assert counts.sum() == (moments[0].sum() if bins else 0)


def test_loading_ends_with_the_compiled_loops() -> None:
    assert choice.loaded() is choice.loops()
    assert choice.loops() is COMPILED


def test_what_is_kept_of_loops_counts_for_their_sources_alone(tmp_path: Path) -> None:
    """Numba keeps a function by its name and its own file, not by those that it takes numbers or loops of."""
    for name, loop in vars(native.load()).items():
        assert loop.py_func.__qualname__ == f"{name}_{digest(native.SOURCES)}"
    changed = tmp_path / "shared.py"
    changed.write_text(Path(shared.__file__).read_text(encoding="utf-8") + "BLOCK = 4096\n", encoding="utf-8")
    assert digest([changed]) != digest([Path(shared.__file__)])


def test_loops_may_use_the_widest_vectors() -> None:
    """Other processors than these have vectors of one width."""
    features = cpu_target.target_context.codegen().magic_tuple()[2]
    assert features.endswith("-prefer-256-bit") == (platform.machine() in {"x86_64", "AMD64"})


def test_every_module_is_a_source_that_the_loops_take_something_of() -> None:
    modules = {".".join(source.relative_to(ROOT).with_suffix("").parts) for source in native.SOURCES}
    imported = {
        f"{node.module}.{alias.name}"
        for source in native.SOURCES
        if source.parent.name == "native" or source.stem in {"shared", "sobol", "tables"}
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("services.")
        for alias in node.names
    }
    assert [name for name in imported if not {name, name.rpartition(".")[0]} & modules] == []


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
