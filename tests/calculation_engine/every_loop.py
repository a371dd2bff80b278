"""Both kinds of loops, for tests that hold for either."""

from typing import cast

import pytest

from services.calculation_engine.domain.loops import native, vectors
from services.calculation_engine.domain.loops.choice import Loops

COMPILED = cast(Loops, native)
NUMPY = cast(Loops, vectors)

EVERY_LOOP = [pytest.param(COMPILED, id="compiled"), pytest.param(NUMPY, id="numpy")]
