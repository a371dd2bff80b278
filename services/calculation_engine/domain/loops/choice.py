"""Which loops serve: the compiled ones once they are loaded, NumPy's until then and without numba.

Importing numba and loading its compiled code takes a second, compiling it the first time many. So nobody
waits: the first large request begins it in a thread beside, and is served without. Compiled code is kept in
`__pycache__` beside the module, or where NUMBA_CACHE_DIR says; the image brings it along.
"""

import importlib
import logging
import threading
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.loops import vectors
from services.calculation_engine.domain.loops.shared import Drawing

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint32]
Truths = NDArray[np.bool_]

_log = logging.getLogger(__name__)


class Loops(Protocol):
    """The loops; all arrays are contiguous in their last dimension, `out` is written."""

    def draw(
        self,
        low: Words,
        words: Words,
        start: int,
        steps: Integers,
        parameters: Numbers,
        tables: Numbers,
        rows: Integers,
        registers: Numbers,
    ) -> None:
        """Makes a block of the inputs whose registers are `rows`, by place.

        First scrambled points as numbers in (0, 1), point after point, under each key, unless `low` has no
        rows; `words` are an input's direction numbers and then its keys, `low` its first points, to which
        those from `start` add the same digits. Then steps (a code, whose row by place, which table), in the
        order of their places, each of which replaces the first BLOCK numbers of one row. STRETCH puts
        shift + scale * x, kept within bounds, for each x (its parameters are shift, scale, low, high); INVERT
        the same with the table's inverse of a probability for x, see `sampling.tables`; TRIANGULAR that of a
        triangular distribution (low, mode, high)."""

    def read_cubics(self, table: Numbers, column: Numbers) -> None:
        """Replaces numbers from 0 to the table's end by the value of their cell's cubic (a row a cell, the
        constant first) at their fraction; the end belongs to the last cell."""

    def run(self, instructions: Integers, registers: Numbers, size: int) -> None:
        """Instructions (code, result, three arguments) over the first `size` columns of registers."""

    def weigh(
        self, registers: Numbers, rows: Integers, weights: Numbers, ends: Integers, out: Numbers
    ) -> None:
        """Weighted sums of rows, in their order: the first sum has the rows before ends[0], the next those
        from there to before ends[1], and so on; a row of `out` each."""

    def totals(
        self,
        registers: Numbers,
        amounts: Integers,
        limit: float,
        usable: Truths,
        rows: Integers,
        weights: Numbers,
        ends: Integers,
        out: Numbers,
    ) -> int:
        """The weighted sums; and which columns have a number below the limit in all rows `amounts`, and how
        many."""

    def present_values(
        self,
        drawing: Drawing,
        amounts: Integers,
        limit: float,
        usable: Truths,
        rows: Integers,
        weights: Numbers,
        ends: Integers,
        out: Numbers,
    ) -> int:
        """`draw`, `run` and `totals` block after block, for as many draws as there is room for: threads that
        compute need nothing of each other until all is done."""

    def sum_up(
        self,
        values: Numbers,
        centre: float,
        width: float,
        moments: Numbers,
        infinite: Integers,
        ends: Numbers,
        counts: Integers,
    ) -> None:
        """Of a column whose draws are the replicates' in turn: count, sum and sum of squares (about the
        centre) of each replicate's finite values, how many are infinite, the least and the greatest finite
        one of all, and how many lie in each of its bins (see `histogram`), unless `counts` has none."""

    def payback(self, rows: Numbers, at: Integers, factors: Numbers, out: Numbers) -> None:
        """For each column of flows (period t's amount is rows[at[t]] * factors[t]): periods until the
        cumulative flow, having been below zero, is first back at zero; infinity if never."""

    def single_roots(
        self, rows: Numbers, lengths: Integers, start: float, changes: Numbers, out: Numbers
    ) -> None:
        """Of each column of flows (so many periods have a row's amount, one row after the other): how often
        it changes its sign, zeros apart, and the rate of return per period of one that does so once, NaN of
        the others; `start` is a discount factor near most of them."""


class _Choice:
    def __init__(self) -> None:
        self._native: Loops | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def now(self) -> Loops:
        return self._native or cast(Loops, vectors)

    def begin(self) -> None:
        """Has the compiled loops loaded beside, once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._load, name="native-loops", daemon=True)
                self._thread.start()

    def wait(self) -> Loops:
        self.begin()
        assert self._thread is not None  # noqa: S101
        self._thread.join()
        return self.now()

    def _load(self) -> None:
        try:
            native = importlib.import_module("services.calculation_engine.domain.loops.native")
            loops = native.load()
        except (ImportError, OSError, RuntimeError):
            _log.warning("no compiled loops: NumPy's serve", exc_info=True)
        else:
            self._native = loops


_CHOICE = _Choice()


def loops() -> Loops:
    """The loops that serve now."""
    return _CHOICE.now()


def begin_loading() -> None:
    """Has the compiled loops loaded in a thread beside, unless that was begun before."""
    _CHOICE.begin()


def loaded() -> Loops:
    """The loops once loading has ended: the compiled ones, if there are any."""
    return _CHOICE.wait()
