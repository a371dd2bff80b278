"""The evaluators, at a point and over draws with either loops, are one language."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.calculation_engine.domain.formula.draws import DrawsProgram
from services.calculation_engine.domain.formula.language import BINARY, FUNCTIONS
from services.calculation_engine.domain.formula.program import Source, compile_formulas
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK
from tests.calculation_engine.every_loop import COMPILED, EVERY_LOOP, NUMPY

NUMBERS = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 1e308]), st.floats(-50, 50))
LEAVES = st.sampled_from(["x", "y", "z", "2", "0.5", "0", "-3"])

Draws = NDArray[np.float64]


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def call(name: str) -> st.SearchStrategy[str]:
        function = FUNCTIONS[name]
        arguments = st.lists(inner, min_size=function.least, max_size=min(function.most, 3))
        return arguments.map(lambda texts: f"{name}({', '.join(texts)})")

    return st.one_of(
        st.tuples(inner, st.sampled_from(sorted(BINARY)), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda text: f"not ({text})"),
        st.sampled_from(sorted(FUNCTIONS)).flatmap(call),
    )


def over_draws(
    loops: Loops, formulas: Sequence[str], columns: Mapping[str, Sequence[float]], **point: float
) -> list[Draws]:
    """Each formula's values."""
    sources = [Source(f"f{number}", f"/{number}", text) for number, text in enumerate(formulas)]
    program = compile_formulas({}, sources, [*columns, *point])
    drawn = DrawsProgram(program, point, list(columns), [source.pointer for source in sources])
    registers = drawn.registers()
    size = len(next(iter(columns.values())))
    for name, values in columns.items():
        registers[drawn.inputs[name], :size] = values
    drawn.run(loops, registers, size)
    return [registers[drawn.results[source.pointer], :size].copy() for source in sources]


@pytest.mark.parametrize("loops", EVERY_LOOP)
@settings(derandomize=True)  # NumPy and libm may differ in the last bit, which == and floor can see
@given(
    st.recursive(LEAVES, _grow, max_leaves=10),
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=50),
    NUMBERS,
)
def test_draws_agree_with_points(loops: Loops, text: str, drawn: list[tuple[float, float]], z: float) -> None:
    (together,) = over_draws(loops, [text], {"x": [x for x, _ in drawn], "y": [y for _, y in drawn]}, z=z)
    program = compile_formulas({}, [Source("f", "/f", text)], ["x", "y", "z"])
    one_by_one = [program.at_point({"x": x, "y": y, "z": z})[program.roots["/f"]] for x, y in drawn]
    assert not np.isinf(together).any()
    assert together == pytest.approx(np.array(one_by_one), rel=1e-9, nan_ok=True)


@given(
    st.lists(st.recursive(LEAVES, _grow, max_leaves=10), min_size=1, max_size=4),
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=50),
    NUMBERS,
)
def test_both_loops_give_the_same_bits(texts: list[str], drawn: list[tuple[float, float]], z: float) -> None:
    columns = {"x": [x for x, _ in drawn], "y": [y for _, y in drawn]}
    compiled = over_draws(COMPILED, texts, columns, z=z)
    for one, other in zip(compiled, over_draws(NUMPY, texts, columns, z=z), strict=True):
        assert np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize("loops", EVERY_LOOP)
def test_a_failing_draw_leaves_the_others_alone(loops: Loops) -> None:
    (result,) = over_draws(loops, ["if(x > 1, 1 / (x - 2), 7)"], {"x": [0.0, 2.0, 3.0]})
    assert result[0] == 7
    assert math.isnan(result[1])
    assert result[2] == 1


@pytest.mark.parametrize("loops", EVERY_LOOP)
def test_what_is_not_drawn_is_the_same_in_every_draw(loops: Loops) -> None:
    twice, product = over_draws(loops, ["a * 2", "a * x"], {"x": [1.0, 2.0]}, a=5.0)
    assert twice.tolist() == [10, 10]
    assert product.tolist() == [5, 10]


@pytest.mark.parametrize("loops", EVERY_LOOP)
def test_formulas_that_share_parts_do_not_overwrite_each_other(loops: Loops) -> None:
    texts = ["x + 1", "(x + 1) * 2", "exp(x + 1)", "x", "(x + 1) * 2 + exp(x + 1)"]
    (first, second, third, same, last) = over_draws(loops, texts, {"x": [0.0, 1.0]})
    assert first.tolist() == [1, 2]
    assert second.tolist() == [2, 4]
    assert third.tolist() == pytest.approx([math.e, math.e**2])
    assert same.tolist() == [0, 1]
    assert last.tolist() == (second + third).tolist()


@pytest.mark.parametrize("loops", EVERY_LOOP)
def test_a_block_may_be_full(loops: Loops) -> None:
    x = np.arange(BLOCK, dtype=np.float64)
    (result,) = over_draws(loops, ["x * x"], {"x": x.tolist()})
    assert np.array_equal(result, x * x)


@given(
    st.lists(st.recursive(LEAVES, _grow, max_leaves=10), min_size=2, max_size=6),
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
)
def test_what_a_variable_reaches_is_all_that_is_computed_again(
    texts: list[str], numbers: tuple[float, float, float]
) -> None:
    x, y, other = numbers
    sources = [Source(f"f{number}", f"/{number}", text) for number, text in enumerate(texts)]
    program = compile_formulas({}, sources, ["x", "y", "z"])
    drawn = DrawsProgram(program, {"z": 2.0}, ["x", "y"], [source.pointer for source in sources])
    again, whole = drawn.registers(), drawn.registers()
    results = list(drawn.results.values())
    for registers, value in ((again, x), (whole, other)):
        registers[drawn.inputs["x"], 0] = value
        registers[drawn.inputs["y"], 0] = y
        drawn.run(NUMPY, registers, 1)
    before = again[results, 0]
    again[drawn.inputs["x"], 0] = other
    reached = drawn.reached["x"]
    reached.run(NUMPY, again, 1)
    assert np.array_equal(again[results, 0], whole[results, 0], equal_nan=True)
    for row, value in zip(results, before.tolist(), strict=True):
        changed = not np.array_equal(again[row, 0], value, equal_nan=True)
        assert not changed or row in reached.rows or row == drawn.inputs["x"]
