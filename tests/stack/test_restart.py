"""`restart`, of all and of one service."""

import pytest

from tests.stack.accounts import found_account, made_account
from tests.stack.engine import Stack

pytestmark = pytest.mark.stack_full


def test_data_outlives_a_restart_of_all_and_of_one(stack: Stack) -> None:
    account, before = made_account(stack), stack.started()
    stack.script("restart", "value-architect")
    after = stack.started()
    assert {name for name in after if after[name] != before[name]} == {"value-architect"}
    assert found_account(stack, account)["name"] == account["name"]
    stack.script("restart")
    assert "All healthy" in stack.script("health")
    assert stack.started().keys() == before.keys()
    assert not stack.started().items() & after.items()
    assert found_account(stack, account)["name"] == account["name"]
