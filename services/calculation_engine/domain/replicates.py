"""Draws by replicate: draw g of a sample belongs to replicate g mod 8."""

import numpy as np
from numpy.typing import NDArray

REPLICATES = 8


def by_replicate(truths: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of each replicate's draws are true."""
    counts: NDArray[np.int64] = folded(truths).sum(axis=0, dtype=np.int64)
    return counts


def folded(column: NDArray[np.generic]) -> NDArray[np.generic]:
    """A column a replicate; zeros fill the last row."""
    missing = -len(column) % REPLICATES
    padded = np.concatenate((column, np.zeros(missing, dtype=column.dtype))) if missing else column
    return padded.reshape(-1, REPLICATES)
