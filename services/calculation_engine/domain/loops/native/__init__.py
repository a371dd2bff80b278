"""The loops compiled by numba; what each does stands in `choice.Loops`.

No fast-math: a formula may make NaN or infinity, and must be seen to. Words are kept in 32 bits by hand,
because numba widens them silently.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.native import drawing, flows, formulas, present_values, summing
from services.calculation_engine.domain.loops.native.compiling import compile_noted

_DOMAIN = Path(__file__).parents[2]
SOURCES = (
    *sorted((_DOMAIN / "loops").rglob("*.py")),
    *sorted((_DOMAIN / "sampling").glob("*.py")),
    _DOMAIN / "histogram.py",
    _DOMAIN / "replicates.py",
)
"""Whatever the compiled loops are made of, numbers that they hold among it."""


def load() -> Loops:
    """Compiles the loops, or takes what an earlier process has compiled and kept."""
    compile_noted(SOURCES)
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
