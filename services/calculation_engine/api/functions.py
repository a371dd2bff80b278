"""The formula language, function by function."""

from services.calculation_engine.domain.formula.language import BINARY, FUNCTIONS, PREFIX
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.language import FunctionDescription, Language, OperatorDescription

router = resource("/functions")

_LANGUAGE = Language(
    operators=tuple(
        OperatorDescription(symbol=each.symbol, precedence=each.binding, meaning=each.meaning)
        for each in sorted((*PREFIX.values(), *BINARY.values()), key=lambda each: -each.binding)
    ),
    functions=tuple(
        FunctionDescription(
            name=each.name, signature=each.signature, meaning=each.meaning, example=each.example
        )
        for each in FUNCTIONS.values()
    ),
)


@router.get("", dependencies=[requires("calculation-engine:read")], summary="Read the formula language")
async def list_functions() -> Language:
    """Every operator and function that a formula may use, with its meaning and an example."""
    return _LANGUAGE
