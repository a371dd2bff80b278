"""Which chaos points run: all of them, or a seeded sample."""

import os
import random
from collections.abc import Sequence
from typing import Any, Protocol

import pytest

SEED = int(os.environ.get("CHAOS_SEED", "20261124"))


class Point(Protocol):
    """Where something is killed."""

    @property
    def name(self) -> str: ...


def sampled(points: Sequence[Point], size: int) -> list[Any]:
    """The points as parameters: all of `chaos_full`, and so many of them of `chaos` too."""
    sample = set(random.Random(SEED).sample(range(len(points)), size))  # noqa: S311  # a seed
    marks = [
        [pytest.mark.chaos_full, *([pytest.mark.chaos] if place in sample else [])]
        for place in range(len(points))
    ]
    return [pytest.param(point, marks=own, id=point.name) for point, own in zip(points, marks, strict=True)]
