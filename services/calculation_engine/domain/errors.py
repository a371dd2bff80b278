"""What can be wrong with a request, as plain exceptions that say where.

EngineError
├── InvalidModel        parts of the model contradict each other
├── InvalidFormula      a formula does not read, or uses a name that does not exist
├── NoFiniteValue       a formula reads, but has no value at this point: division by zero, overflow, …
├── InvalidDeal         terms, commitments or decisions of a deal do not fit together
├── InvalidNetwork      activities name unknown ones, or wait for each other
├── MissingBounds       a goal seek has no interval to look in
├── UnsuitableSampler   it cannot draw so many uncertain numbers
└── UnknownName         the request names a scenario or an input that the model does not have

TooLarge is no fault of the request: it is work for a job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `pointer` is a JSON pointer into the request.

    For a formula: its name, the position of the offending character (from 0) and what was expected there.
    """

    pointer: str
    detail: str
    formula: str | None = None
    position: int | None = None
    expected: str | None = None


class EngineError(Exception):
    """A request that cannot be computed. `code` is stable; `faults` holds at least one finding."""

    code: ClassVar[str]

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = tuple(faults)

    @property
    def pointer(self) -> str:
        return self.faults[0].pointer

    @property
    def detail(self) -> str:
        return self.faults[0].detail


class InvalidModel(EngineError):
    code = "invalid_model"


class InvalidFormula(EngineError):
    code = "invalid_formula"


class NoFiniteValue(EngineError):
    code = "no_finite_value"


class UnknownName(EngineError):
    code = "unknown_name"


class InvalidDeal(EngineError):
    code = "invalid_deal"


class InvalidNetwork(EngineError):
    code = "invalid_network"


class UnsuitableSampler(EngineError):
    code = "unsuitable_sampler"


class MissingBounds(EngineError):
    code = "missing_bounds"


class TooLarge(Exception):
    """More work than the bounds that were given; the message says what is too much of it. `work` is all that
    `Bounds.admit` was asked for."""

    def __init__(self, message: str, work: Mapping[str, int]) -> None:
        super().__init__(message)
        self.work = work
