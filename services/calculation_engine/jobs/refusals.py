"""What the engine refuses, as problems."""

from services.calculation_engine.domain.errors import EngineError, Fault
from services.chassis.problems import Unprocessable
from services.schemas.problem import FieldError


class CannotCompute(Unprocessable):
    """The request cannot be computed, or is more work than a job takes; `errors` point to what is wrong,
    formulas with name and position."""

    code = "cannot_compute"
    title = "Cannot compute"


def problem_of(refusal: EngineError) -> CannotCompute:
    """The problem that a refusal is answered with."""
    fields = [FieldError(pointer=fault.pointer, detail=_told(fault)) for fault in refusal.faults]
    return CannotCompute(str(refusal), code=refusal.code, errors=fields)


def _told(fault: Fault) -> str:
    if fault.position is None:
        return fault.detail
    return f"{fault.detail} (in {fault.formula} at position {fault.position}; expected: {fault.expected})"
