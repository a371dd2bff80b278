"""The loops compiled by numba; what each does stands in `choice.Loops`.

No fast-math: a formula may make NaN or infinity, and must be seen to. Words are kept in 32 bits by hand,
because numba widens them silently.
"""

from types import SimpleNamespace
from typing import cast

from services.calculation_engine.domain import histogram, replicates
from services.calculation_engine.domain.loops import shared
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.native import drawing, flows, formulas, present_values, summing
from services.calculation_engine.domain.loops.native.compiling import compile_noted
from services.calculation_engine.domain.sampling import sobol, tables

READ = (histogram, replicates, shared, sobol, tables)
"""The other modules whose numbers the loops hold."""


def load() -> Loops:
    """Compiles the loops, or takes what an earlier process has compiled and kept."""
    compile_noted(READ)
    return cast(
        Loops,
        SimpleNamespace(
            draw=drawing.draw,
            read_cubics=drawing.read_cubics,
            run=formulas.run,
            weigh=summing.weigh,
            totals=summing.totals,
            present_values=present_values.present_values,
            sum_up=summing.sum_up,
            payback=flows.payback,
            single_roots=flows.single_roots,
        ),
    )
