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
        for asked, most, what in (
            (draws, self.draws, "draws"),
            (operations, self.operations, "operations over all draws"),
            (numbers, self.numbers, "numbers at once"),
            (scheduled, self.scheduled, "activities and links over all draws"),
            (fees, self.fees, "fees over all draws and structures"),
        ):
            if asked > most:
                raise TooLarge(f"{asked} {what}")


INLINE = Bounds(draws=2**17, operations=2**31, numbers=2**24, scheduled=2**26, fees=2**28)
"""What a request waits for: some seconds of one core, and 128 MiB."""
EXAMINED = Bounds(draws=0)
"""Nothing is computed: a request that is right is too large."""
JOB = Bounds(numbers=2**26)
"""What a job may take: time, but no more than half a GiB."""
