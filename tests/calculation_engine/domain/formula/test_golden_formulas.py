"""Odd and hostile formulas: what the language accepts, what it refuses, at a point and over draws alike."""

import math

import pytest

from services.calculation_engine.domain.errors import InvalidFormula
from services.calculation_engine.domain.formula.draws import DrawsProgram
from services.calculation_engine.domain.formula.program import Source, compile_formulas
from tests.calculation_engine.every_loop import COMPILED
from tests.golden import Case, cases, identities

CASES = cases("formulas")
ACCEPTED = [case for case in CASES if case["expect"] == "accept"]
REFUSED = [case for case in CASES if case["expect"] == "reject"]
EITHER = [case for case in CASES if case["expect"] == "accept_or_reject"]


def text_of(case: Case) -> str:
    if "build" in case:
        return str(eval(case["build"]))  # noqa: S307 (the family's own way to write long texts)
    return str(case["text"])


def value_of(case: Case) -> float:
    """The formula's value; InvalidFormula or ArithmeticError if it has none."""
    program = compile_formulas({}, [Source("formula", "/formula", text_of(case))], case["variables"])
    values = program.at_point(case["variables"])
    value = values[program.roots["/formula"]]
    if math.isnan(value):
        raise ArithmeticError(program.blame("/formula", values).detail)
    return value


def drawn_value_of(case: Case) -> float:
    """The same with every variable drawn, three times the same."""
    program = compile_formulas({}, [Source("formula", "/formula", text_of(case))], case["variables"])
    drawn = DrawsProgram(program, {}, case["variables"].keys(), ["/formula"])
    registers = drawn.registers()
    for name, value in case["variables"].items():
        registers[drawn.inputs[name]] = value
    drawn.run(COMPILED, registers, 3)
    draws = registers[drawn.results["/formula"], :3]
    assert len(set(draws.tolist())) == 1
    return float(draws[0])


@pytest.mark.parametrize("case", ACCEPTED, ids=identities(ACCEPTED))
def test_accepted(case: Case) -> None:
    expected = pytest.approx(float(case["value"]), abs=case.get("tolerance", 0))
    assert value_of(case) == expected
    assert drawn_value_of(case) == expected


@pytest.mark.parametrize("case", REFUSED, ids=identities(REFUSED))
def test_refused(case: Case) -> None:
    refusals = {"parse": InvalidFormula, "evaluate": ArithmeticError}
    expected = tuple(refusals[phase] for phase in case["phase"].split(" or "))
    with pytest.raises(expected):
        value_of(case)


@pytest.mark.parametrize("case", EITHER, ids=identities(EITHER))
def test_accepted_with_that_value_or_refused(case: Case) -> None:
    try:
        value = value_of(case)
    except InvalidFormula:
        return
    assert value == float(case["value"])
