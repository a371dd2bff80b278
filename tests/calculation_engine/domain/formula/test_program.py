import math

import pytest

from services.calculation_engine.domain.errors import InvalidFormula
from services.calculation_engine.domain.formula.program import Program, Source, compile_formulas


def compiled(formulas: dict[str, str], *variables: str) -> Program:
    named = {name: Source(name, f"/formulas/{name}", text) for name, text in formulas.items()}
    return compile_formulas(named, [], variables)


def test_formulas_may_stand_in_any_order() -> None:
    program = compiled({"c": "b * 2", "b": "a + 1"}, "a")
    values = program.at_point({"a": 3.0})
    assert values[program.roots["/formulas/c"]] == 8


def test_equal_expressions_are_one_node() -> None:
    program = compiled({"a": "x * y + 1", "b": "(x*y) + 1"}, "x", "y")
    assert program.roots["/formulas/a"] == program.roots["/formulas/b"]
    assert len(program.nodes) == 5


def test_constants_are_folded_unless_they_fail() -> None:
    program = compiled({"a": "2 * 3 + 4", "b": "1 / 0"})
    assert program.at_point({})[program.roots["/formulas/a"]] == 10
    assert math.isnan(program.at_point({})[program.roots["/formulas/b"]])


def test_a_cycle_is_named() -> None:
    with pytest.raises(InvalidFormula) as refusal:
        compiled({"a": "b + 1", "b": "c", "c": "2 * a", "d": "a"})
    assert refusal.value.pointer == "/formulas/a"
    assert refusal.value.detail == "the formula uses itself: a -> b -> c -> a"


def test_a_long_chain_is_no_recursion() -> None:
    chain = {f"f{i}": f"f{i + 1} + 1" for i in range(2000)} | {"f2000": "1"}
    program = compiled(chain)
    assert program.at_point({})[program.roots["/formulas/f0"]] == 2001


def test_every_bad_formula_is_reported_at_once() -> None:
    with pytest.raises(InvalidFormula) as refusal:
        compiled({"a": "1 +", "b": "2", "c": "(3"})
    assert [fault.pointer for fault in refusal.value.faults] == ["/formulas/a", "/formulas/c"]


def test_an_unknown_name_is_shown_with_the_nearest_one() -> None:
    with pytest.raises(InvalidFormula) as refusal:
        compiled({"a": "1 + revenu"}, "revenue")
    (fault,) = refusal.value.faults
    assert fault.detail == "there is no input or formula 'revenu'; is revenue meant?"
    assert (fault.formula, fault.position) == ("a", 4)


def test_of_many_unknown_names_the_first_few_are_shown_with_the_nearest_one() -> None:
    """To look for one takes as long as to check a page of formulas."""
    with pytest.raises(InvalidFormula) as refusal:
        compiled(
            {"a": "revenu1 + revenu2 + revenu1 + revenu3 + revenu4", "b": f"revenu{'e' * 40}"}, "revenue"
        )
    hinted = [fault.detail for fault in refusal.value.faults if "is revenue meant?" in fault.detail]
    assert [detail.split("'")[1] for detail in hinted] == ["revenu1", "revenu2", "revenu1", "revenu3"]
    assert len(refusal.value.faults) == 6


def test_variables_are_found_through_other_formulas() -> None:
    program = compiled({"total": "part * 2", "part": "x + y", "other": "z"}, "x", "y", "z")
    assert program.variables_of("/formulas/total") == {"x", "y"}


def test_all_formulas_together_have_a_limit() -> None:
    formulas = {f"f{number}": "x + " * 499 + "x" for number in range(101)}
    with pytest.raises(InvalidFormula, match="too long together") as refusal:
        compiled(formulas, "x")
    assert refusal.value.pointer == "/formulas/f100"


@pytest.mark.parametrize(
    ("text", "guilty", "position"),
    [
        ("1 + 2 / x", "total", 6),
        ("part + 1", "part", 2),
        ("if(x == 0, ln(x), 1 / x)", "total", 11),
        ("x == 1 or sqrt(x - 1) > 0", "total", 10),
        ("exp(1 / x) + sqrt(-1)", "total", 6),
    ],
)
def test_blames_the_operation_that_failed(text: str, guilty: str, position: int) -> None:
    program = compiled({"part": "5 / x", "total": text}, "x")
    fault = program.blame("/formulas/total", program.at_point({"x": 0.0}))
    assert (fault.formula, fault.position) == (guilty, position)
    assert fault.pointer == f"/formulas/{guilty}"
    assert fault.detail.startswith("total has no value: ")


def test_overflow_is_told_from_division_by_zero() -> None:
    program = compiled({"total": "1e300 / x"}, "x")
    assert "too large" in program.blame("/formulas/total", program.at_point({"x": 1e-300})).detail
    assert "division by zero" in program.blame("/formulas/total", program.at_point({"x": 0.0})).detail
