"""The engine's own formula code, so that the architect's data is tried on what will compute it."""

from collections.abc import Mapping

from services.calculation_engine.domain.formula.program import Source, compile_formulas


def value_of(formula: str, inputs: Mapping[str, float]) -> float:
    """The formula's value at these inputs."""
    source = Source("formula", "/formula", formula)
    program = compile_formulas({}, [source], set(inputs))
    return program.at_point(inputs)[program.roots["/formula"]]
