"""Counts in bins whose number is read off the float64 bits: they merge exactly, in any order.

A value is measured from a centre in units of a width; the bins on each side grow with the distance, 256 to an
octave, from 2^-12 widths to 2^12 of them. So they are fine where most draws lie, whatever the
size of the figures. Values beyond the ends count in the outermost bins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]

_DIGITS = 8
SHIFT = 52 - _DIGITS
_OCTAVES = 12
FIRST = (1023 - _OCTAVES) << _DIGITS
SIDE = (2 * _OCTAVES) << _DIGITS
_SKEWED = 1.0
# Values that differ by less than this share of their size differ by rounding.
_NARROW = 1e-12
BINS = 2 * SIDE
"""Half of them below the centre, in ascending order."""


@dataclass(frozen=True)
class Scale:
    """Where the bins lie."""

    centre: float
    width: float

    @staticmethod
    def of(values: Numbers) -> "Scale":
        """For values like these: about their mean, or about the end at which a skewed sample crowds."""
        if not values.size:
            return Scale(0.0, 1.0)
        mean, sd = float(values.mean()), float(values.std())
        if sd <= _NARROW * abs(mean):
            return Scale(mean, max(abs(mean), 1.0))
        skewness = float(np.mean(((values - mean) / sd) ** 3))
        if abs(skewness) < _SKEWED:
            return Scale(mean, sd)
        centre = float(values.min() if skewness > 0 else values.max())
        return Scale(centre, float(np.median(np.abs(values - centre))) or sd)

    def bins_of(self, values: Numbers) -> Counts:
        """The bin of each finite value."""
        distance = (values - self.centre) / self.width
        bits = np.abs(distance).view(np.int64) >> SHIFT
        place = np.clip(bits - FIRST, 0, SIDE - 1)
        bins: Counts = np.where(distance < 0, SIDE - 1 - place, SIDE + place)
        return bins

    def edges(self) -> Numbers:
        """The BINS + 1 ends of the bins."""
        bits = np.arange(FIRST, FIRST + SIDE + 1, dtype=np.int64) << SHIFT
        side = bits.view(np.float64).copy()
        side[0] = 0.0
        return self.centre + self.width * np.concatenate((-side[:0:-1], side))
