"""The table that people read is the language that is computed."""

import math

import pytest

from services.calculation_engine.domain.formula.language import BINARY, FUNCTIONS, PREFIX, Function
from services.calculation_engine.domain.formula.operations import OPERATIONS
from services.calculation_engine.domain.formula.parser import Apply, Name, parse
from services.calculation_engine.domain.formula.program import Source, compile_formulas


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_each_functions_example_computes(function: Function) -> None:
    names = {step.name: 2.0 for step in parse(function.example) if isinstance(step, Name)}
    program = compile_formulas({}, [Source("f", "/f", function.example)], names)
    assert math.isfinite(program.at_point(names)[program.roots["/f"]])
    assert function.example.startswith(f"{function.name}(")


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_each_function_is_an_operation_of_its_arity(function: Function) -> None:
    operation = OPERATIONS[function.name]
    assert operation.arity == function.least if function.least == function.most else operation.arity == 2


def test_each_operator_is_an_operation_of_its_arity() -> None:
    for operator in (*BINARY.values(), *PREFIX.values()):
        assert operator.operation == "identity" or OPERATIONS[operator.operation].arity == operator.arity


def test_each_operation_can_be_written() -> None:
    written = {operator.operation for operator in (*BINARY.values(), *PREFIX.values())} | FUNCTIONS.keys()
    assert written - {"identity"} == OPERATIONS.keys()


@pytest.mark.parametrize("symbol", BINARY)
def test_each_operator_reads_as_the_table_says(symbol: str) -> None:
    *_, last = parse(f"a {symbol} b")
    assert isinstance(last, Apply)
    assert last.operation == BINARY[symbol].operation
