"""The two evaluators, at a point and over draws, are one language."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.calculation_engine.domain.formula.draws import DrawsProgram
from services.calculation_engine.domain.formula.language import BINARY, FUNCTIONS
from services.calculation_engine.domain.formula.program import Source, compile_formulas

NUMBERS = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 1e308]), st.floats(-50, 50))
LEAVES = st.sampled_from(["x", "y", "z", "2", "0.5", "0", "-3"])


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


@settings(derandomize=True)  # NumPy and libm may differ in the last bit, which == and floor can see
@given(st.recursive(LEAVES, _grow, max_leaves=10), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1), NUMBERS)
def test_draws_agree_with_points(text: str, drawn: list[tuple[float, float]], z: float) -> None:
    program = compile_formulas({}, [Source("f", "/f", text)], ["x", "y", "z"])
    columns = {"x": np.array([x for x, _ in drawn]), "y": np.array([y for _, y in drawn])}
    together = DrawsProgram(program, {"z": z}, ["x", "y"], ["/f"]).run(columns, len(drawn))["/f"]
    one_by_one = [program.at_point({"x": x, "y": y, "z": z})[program.roots["/f"]] for x, y in drawn]
    assert not np.isinf(together).any()
    assert together == pytest.approx(np.array(one_by_one), rel=1e-9, nan_ok=True)


def test_a_failing_draw_leaves_the_others_alone() -> None:
    program = compile_formulas({}, [Source("f", "/f", "if(x > 1, 1 / (x - 2), 7)")], ["x"])
    result = DrawsProgram(program, {}, ["x"], ["/f"]).run({"x": np.array([0.0, 2.0, 3.0])}, 3)["/f"]
    assert result[0] == 7
    assert math.isnan(result[1])
    assert result[2] == 1


def test_what_is_not_drawn_is_the_same_in_every_draw() -> None:
    program = compile_formulas({}, [Source("f", "/f", "a * 2"), Source("g", "/g", "a * x")], ["a", "x"])
    columns = {"x": np.array([1.0, 2.0])}
    result = DrawsProgram(program, {"a": 5.0}, ["x"], ["/f", "/g"]).run(columns, 2)
    assert result["/f"].tolist() == [10, 10]
    assert result["/g"].tolist() == [5, 10]
