"""What is cut into shards, and what need not be."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.calculation_engine.jobs.operations import DEAL_OPTIMIZATIONS, OPERATIONS, SIMULATIONS, Operation
from services.calculation_engine.jobs.shards import SHARD, ranges

OTHERS = [
    each for each in OPERATIONS.values() if each is not SIMULATIONS and "draws" in each.request.model_fields
]


def test_a_simulation_is_cut_at_multiples_of_a_shard() -> None:
    assert ranges(SIMULATIONS, SHARD) == [(0, SHARD)]
    assert ranges(SIMULATIONS, 2 * SHARD + 1) == [(0, SHARD), (SHARD, 2 * SHARD), (2 * SHARD, 2 * SHARD + 1)]
    assert ranges(DEAL_OPTIMIZATIONS, 2**17) == [(0, 2**17)]


@pytest.mark.parametrize("operation", OTHERS, ids=[each.name for each in OTHERS])
def test_no_other_request_has_more_draws_than_a_shard(operation: Operation[Any, Any]) -> None:
    """Where one may have more, it has to be cut, too."""
    with pytest.raises(ValidationError) as refusal:
        operation.request.model_validate({"draws": SHARD + 1})
    assert ("draws",) in {
        error["loc"] for error in refusal.value.errors() if error["type"] == "less_than_equal"
    }
