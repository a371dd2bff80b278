import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calculation_engine.domain.formula.lexer import FormulaSyntaxError
from services.calculation_engine.domain.formula.parser import MAX_DEPTH, Apply, Name, Number, parse
from services.calculation_engine.domain.formula.program import Source, compile_formulas


def test_gives_operations_after_their_operands() -> None:
    assert parse("a + 2 * b") == (
        Name("a", 0),
        Number(2.0, 4),
        Name("b", 8),
        Apply("multiply", 2, 6),
        Apply("add", 2, 2),
    )


def test_folds_many_arguments_from_the_left() -> None:
    assert [step.operation for step in parse("max(1, 2, 3)") if isinstance(step, Apply)] == ["max", "max"]
    assert parse("max(7)") == (Number(7.0, 4),)


@pytest.mark.parametrize(
    ("text", "position", "detail"),
    [
        ("1 +", 3, "the formula ends too early"),
        ("1 2", 2, "'2' cannot stand here"),
        ("a b", 2, "'b' cannot stand here"),
        ("* 2", 0, "'*' cannot stand here"),
        ("(1, 2)", 2, "',' cannot stand here"),
        ("1, 2", 1, "',' cannot stand here"),
        ("()", 1, "')' cannot stand here"),
        ("max()", 0, "max does not take 0 arguments"),
        ("max(1,)", 6, "')' cannot stand here"),
        ("abs(1, 2)", 0, "abs does not take 2 arguments"),
        ("max + 1", 0, "max is a function: write max(a, b, ...)"),
        ("a(1)", 0, "there is no function 'a'"),
        ("mx(1)", 0, "there is no function 'mx'; is max meant?"),
        ("(a)(1)", 3, "only listed functions can be called"),
        ("((1)", 0, "this bracket is never closed"),
        ("1 < 2 < 3", 6, "comparisons do not chain"),
        ("1 + not 2", 4, "not binds weaker than the + before it"),
        ("1..2", 0, "'1..' is not a number"),
        ("1__0", 0, "'1__0' is not a number"),
        ("0x10", 0, "'0x' is not a number"),
        ("a \x00 b", 2, "U+0000: this is not in the language"),
        ("max(*a)", 4, "'*' cannot stand here"),
    ],
)
def test_says_where_it_stops_reading(text: str, position: int, detail: str) -> None:
    with pytest.raises(FormulaSyntaxError) as refusal:
        parse(text)
    assert (refusal.value.position, refusal.value.detail) == (position, detail)
    assert refusal.value.expected


def test_nests_to_its_limit() -> None:
    assert parse("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH) == (Number(1.0, MAX_DEPTH),)
    with pytest.raises(FormulaSyntaxError, match="nested too deeply"):
        parse("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1))


def test_long_chains_do_not_exhaust_a_stack() -> None:
    assert len(parse("1" + "+1" * 999)) == 1999
    assert len(parse("-" * 1999 + "1")) == 2000
    assert len(parse("2" + "**2" * 666)) == 1333


def test_line_breaks_are_spaces() -> None:
    assert parse("a\n  + b") == (Name("a", 0), Name("b", 6), Apply("add", 2, 4))


def test_not_goes_before_and_after_comparisons() -> None:
    assert parse("not a == b") == (Name("a", 4), Name("b", 9), Apply("equal", 2, 6), Apply("not", 1, 0))


@given(st.text(alphabet="ab1.eE+-*/%<>=!(), notifmax\n", max_size=60))
def test_any_text_is_read_or_refused_with_a_position(text: str) -> None:
    position = 0
    try:
        assert parse(text)
    except FormulaSyntaxError as refusal:
        position = refusal.position
    assert 0 <= position <= len(text)


def _expressions() -> st.SearchStrategy[str]:
    operand = st.sampled_from(["2.0", "3.5", "x", "y", "0.0"])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        operator = st.sampled_from(["+", "-", "*", "/", "%", "**"])
        return st.one_of(
            st.tuples(inner, operator, inner).map(" ".join),
            inner.map(lambda text: f"-{text}"),
            inner.map(lambda text: f"({text})"),
        )

    return st.recursive(operand, grow, max_leaves=8)


@given(_expressions(), st.floats(-3, 3), st.floats(-3, 3))
def test_agrees_with_python_on_arithmetic(text: str, x: float, y: float) -> None:
    point = {"x": x, "y": y}
    program = compile_formulas({}, [Source("f", "/f", text)], point)
    ours = program.at_point(point)[program.roots["/f"]]
    try:
        theirs = eval(text, {}, point)  # noqa: S307
    except (ArithmeticError, TypeError):  # complex numbers have no remainder
        theirs = math.nan
    if isinstance(theirs, complex) or not math.isfinite(theirs):
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(theirs, rel=1e-12)
