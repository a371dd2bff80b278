"""What both kinds of loops and their callers share.

EXACT are the operations that are exactly rounded, and so the same bits on every machine; an instruction's
code is the place of its operation here.
"""

import numpy as np
from numpy.typing import NDArray

_Words = NDArray[np.uint32]
_Integers = NDArray[np.int64]
_Numbers = NDArray[np.float64]

Drawing = tuple[_Words, _Words, int, _Integers, _Numbers, _Numbers, _Integers, _Numbers, _Integers]
"""What `Loops.draw` is given, and then the instructions."""

BLOCK = 2048
"""So many draws are computed together: few enough for their numbers to stay in a processor's cache."""

STRIP = 256
"""So many draws go through all steps of a loop at a time: what these pass to each other stays in the nearest
cache."""

ROOT_STEPS = 100
EARLY_STEPS = 8
"""After so many of Newton's steps, one that is not half as long as that before it gives way to halving the
bracket: towards a rate near -100 % or of many thousands they shrink by a share of 1 / periods only."""
ROOT_PRECISION = 1e-8
"""A step of Newton's that is so small, relative to where it begins, is the last: the next would be about its
square."""

STRETCH, INVERT, TRIANGULAR = range(3)
"""The steps of `Loops.draw`."""

EXACT = (
    "add",
    "subtract",
    "multiply",
    "divide",
    "negate",
    "abs",
    "min",
    "max",
    "clamp",
    "less",
    "less_or_equal",
    "greater",
    "greater_or_equal",
    "equal",
    "not_equal",
    "and",
    "or",
    "not",
    "if",
    "round",
    "floor",
    "ceil",
    "sqrt",
)
