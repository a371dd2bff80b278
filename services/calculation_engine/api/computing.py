"""Computations beside the event loop, and what they refuse as problems."""

from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import to_thread

from services.calculation_engine.domain.errors import EngineError, Fault, NotYetSupported
from services.chassis.problems import Unprocessable
from services.schemas.problem import FieldError

Request = TypeVar("Request")
Answer = TypeVar("Answer")

# As many at once as a small container has cores; the rest wait their turn.
_AT_ONCE = anyio.CapacityLimiter(2)


class CannotCompute(Unprocessable):
    """The model cannot be computed; `errors` point to what is wrong, formulas with name and position."""

    code = "cannot_compute"
    title = "Cannot compute"


async def compute(function: Callable[[Request], Answer], request: Request) -> Answer:
    """Runs a computation in a thread.

    Raises:
        CannotCompute: the engine refuses the request.
    """
    try:
        return await to_thread.run_sync(function, request, limiter=_AT_ONCE, abandon_on_cancel=True)
    except EngineError as refusal:
        raise _problem(refusal) from None


def _problem(refusal: EngineError) -> CannotCompute:
    fields = [FieldError(pointer=fault.pointer, detail=_told(fault)) for fault in refusal.faults]
    detail = str(refusal)
    if isinstance(refusal, NotYetSupported):
        detail = f"{refusal.feature} is not supported yet."
    return CannotCompute(detail, code=refusal.code, errors=fields)


def _told(fault: Fault) -> str:
    if fault.position is None:
        return fault.detail
    return f"{fault.detail} (in {fault.formula} at position {fault.position}; expected: {fault.expected})"
