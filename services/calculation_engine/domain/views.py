"""The sets of drivers that headlines are given for: all, the CFO's view, each realisation class by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.schemas.value_model import Driver, Realisation

Rows = NDArray[np.intp]

_CFO: tuple[Realisation, ...] = ("cashable", "revenue")


@dataclass(frozen=True, eq=False)
class View:
    """The drivers that count, and those of them that rest on assumptions, by their places in the model."""

    drivers: Rows
    assuming: Rows


@dataclass(frozen=True)
class Views:
    """Views of the same drivers are one and the same: `different` has each once."""

    total: View
    cfo: View
    by_realisation: dict[Realisation, View]
    different: tuple[View, ...]

    @staticmethod
    def of(drivers: Sequence[Driver], assumptions: Sequence[Sequence[str]]) -> "Views":
        """`assumptions` are those that each driver reads."""
        known: dict[tuple[int, ...], View] = {}

        def view(*classes: Realisation) -> View:
            places = tuple(place for place, driver in enumerate(drivers) if driver.realisation in classes)
            assuming = [place for place in places if assumptions[place]]
            return known.setdefault(places, View(_rows(places), _rows(assuming)))

        occurring: dict[Realisation, None] = dict.fromkeys(driver.realisation for driver in drivers)
        total, cfo = view(*occurring), view(*_CFO)
        return Views(total, cfo, {each: view(each) for each in occurring}, tuple(known.values()))


def _rows(places: Sequence[int]) -> Rows:
    return np.array(places, dtype=np.intp)
