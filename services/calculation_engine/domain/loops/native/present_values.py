# mypy: disable-error-code="untyped-decorator"
"""From points to present values."""

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain import replicates
from services.calculation_engine.domain.loops.native import drawing as inputs
from services.calculation_engine.domain.loops.native import formulas, summing
from services.calculation_engine.domain.loops.native.compiling import compiled
from services.calculation_engine.domain.loops.shared import BLOCK, Drawing

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

_REPLICATES = replicates.REPLICATES


@compiled(
    "int64(Tuple((uint32[:,::1], uint32[:,::1], int64, int64[:,::1], float64[:,::1], float64[:,:,:,::1],"
    "int64[::1], float64[:,::1], int64[:,::1])), int64[::1], float64, boolean[::1],"
    "int64[::1], float64[::1], int64[::1], float64[:,::1])"
)
def present_values(
    drawing: Drawing,
    amounts: Integers,
    limit: float,
    usable: Truths,
    rows: Integers,
    weights: Numbers,
    ends: Integers,
    out: Numbers,
) -> int:
    low, words, start, steps, parameters, tables, places, registers, instructions = drawing
    room = np.empty(len(ends) * BLOCK)
    count = 0
    for first in range(0, len(usable), BLOCK):
        last = min(first + BLOCK, len(usable))
        point = start + first // _REPLICATES
        inputs.draw(low, words, point, steps, parameters, tables, places, registers)
        formulas.run(instructions, registers, last - first)
        sums = room[: len(ends) * (last - first)].reshape(len(ends), last - first)
        count += summing.totals(registers, amounts, limit, usable[first:last], rows, weights, ends, sums)
        out[:, first:last] = sums
    return count
