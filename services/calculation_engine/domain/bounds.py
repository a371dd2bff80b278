"""How much work one answer may take: what is larger is work for a job."""

import math
from dataclasses import dataclass

from services.calculation_engine.domain.errors import TooLarge


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most of each: draws; operations over all draws; numbers kept in memory together; activities and
    links over all draws; fees of a deal, over all draws and structures."""

    draws: float = math.inf
    operations: float = math.inf
    numbers: float = math.inf
    scheduled: float = math.inf
    fees: float = math.inf

    def admit(
        self, *, draws: int = 0, operations: int = 0, numbers: int = 0, scheduled: int = 0, fees: int = 0
    ) -> None:
        """Raises TooLarge for more than this; a computation asks before it begins, once its request is known
        to be right."""
        work = {
            "draws": draws,
            "operations": operations,
            "numbers": numbers,
            "scheduled": scheduled,
            "fees": fees,
        }
        for kind, asked in work.items():
            if asked > getattr(self, kind):
                raise TooLarge(f"{asked} {_MEANING[kind]}", work)


_MEANING = {
    "draws": "draws",
    "operations": "operations over all draws",
    "numbers": "numbers at once",
    "scheduled": "activities and links over all draws",
    "fees": "fees over all draws and structures",
}


INLINE = Bounds(draws=2**17, operations=2**31, numbers=2**24, scheduled=2**26, fees=2**28)
"""What a request waits for: some seconds of one core, and 128 MiB."""
EXAMINED = Bounds(draws=0)
"""Nothing is computed: a request that is right is too large."""
JOB = Bounds(operations=2**38, numbers=2**26, scheduled=2**34, fees=2**34)
"""What a job may take that is one piece of work: some minutes of one core, and half a GiB."""
