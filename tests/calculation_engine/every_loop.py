"""Both kinds of loops, for tests that hold for either."""

from typing import cast

import pytest

from services.calculation_engine.domain.loops import choice, vectors
from services.calculation_engine.domain.loops.choice import Loops

COMPILED = choice.loaded()
NUMPY = cast(Loops, vectors)
assert COMPILED is not NUMPY, "numba is missing"

EVERY_LOOP = [pytest.param(COMPILED, id="compiled"), pytest.param(NUMPY, id="numpy")]
