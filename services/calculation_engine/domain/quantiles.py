"""Quantiles of a sample that is known draw by draw, or by its histogram alone.

Infinite values count: they lie beyond all others, and a quantile that falls among them does not exist.
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.part import OutputPart
from services.calculation_engine.domain.replicates import REPLICATES

Numbers = NDArray[np.float64]


class Quantiles(Protocol):
    """The distribution function of a sample and its inverse."""

    @property
    def count(self) -> int:
        """How many values there are, the infinite ones among them."""

    def at(self, share: float) -> float | None:
        """The value at position share (count - 1) in ascending order, linear between neighbours (the
        spreadsheets' PERCENTILE.INC)."""

    def shares_up_to(self, value: float) -> Numbers:
        """The share of each replicate's values that are not above this one; NaN for one without values."""

    def counts_between(self, edges: Numbers) -> list[int]:
        """How many finite values lie between neighbouring edges; the last interval holds its upper edge."""


class Exact:
    """Every value is known."""

    def __init__(self, values: Numbers) -> None:
        self._replicates = [np.sort(column[~np.isnan(column)]) for column in _replicates(values)]
        self._ordered = np.sort(values[~np.isnan(values)])
        self.count = len(self._ordered)

    def at(self, share: float) -> float | None:
        if not self.count:
            return None
        position = share * (self.count - 1)
        below = math.floor(position)
        left, right = self._value(below), self._value(min(below + 1, self.count - 1))
        if left == right or position == below:
            return left if math.isfinite(left) else None
        return left + (position - below) * (right - left) if math.isfinite(right) else None

    def shares_up_to(self, value: float) -> Numbers:
        return np.array(
            [
                np.searchsorted(ordered, value, side="right") / len(ordered) if len(ordered) else np.nan
                for ordered in self._replicates
            ]
        )

    def counts_between(self, edges: Numbers) -> list[int]:
        finite = self._ordered[np.isfinite(self._ordered)]
        counts: list[int] = np.histogram(finite, bins=edges)[0].tolist()
        return counts

    def _value(self, place: int) -> float:
        return float(self._ordered[place])


class Binned:
    """The values' histogram is known: inside a bin they are taken to lie evenly."""

    def __init__(self, part: OutputPart) -> None:
        self._edges = np.clip(part.scale.edges(), part.least, part.greatest)
        below = np.cumsum(part.histogram, axis=1)
        self._below: Numbers = np.concatenate((np.zeros((REPLICATES, 1)), below), axis=1)
        self._infinite = part.infinite
        self.count = int(part.histogram.sum() + part.infinite.sum())

    def at(self, share: float) -> float | None:
        total = self._below.sum(axis=0)
        position = share * (self.count - 1) + 0.5
        if not self.count or position > total[-1]:
            return None
        at = min(int(np.searchsorted(total, position, side="left")), len(total) - 1)
        left, right = float(self._edges[at - 1]), float(self._edges[at])
        inside = (position - total[at - 1]) / (total[at] - total[at - 1])
        return left + float(inside) * (right - left)

    def shares_up_to(self, value: float) -> Numbers:
        with np.errstate(all="ignore"):
            shares: Numbers = self._up_to(value) / (self._below[:, -1] + self._infinite)
        return shares

    def counts_between(self, edges: Numbers) -> list[int]:
        cumulative = np.rint([self._up_to(float(edge)).sum() for edge in edges])
        return [int(count) for count in np.diff(cumulative)]

    def _up_to(self, value: float) -> Numbers:
        """How many values of each replicate are not above this one."""
        at = int(np.searchsorted(self._edges, value, side="right"))
        if at == 0:
            return np.zeros(REPLICATES)
        if at == len(self._edges):
            return self._below[:, -1]
        left, right = float(self._edges[at - 1]), float(self._edges[at])
        inside = (value - left) / (right - left)
        found: Numbers = self._below[:, at - 1] + inside * (self._below[:, at] - self._below[:, at - 1])
        return found


def quantiles_of(part: OutputPart) -> Quantiles:
    return Exact(part.values) if part.histogram.size == 0 else Binned(part)


def _replicates(values: Numbers) -> list[Numbers]:
    return [values[replicate::REPLICATES] for replicate in range(REPLICATES)]
