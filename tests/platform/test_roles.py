"""The table of roles against what the services ask for: there is nothing that nobody may do."""

import re

import pytest

from services.chassis.roles import ROLES, SERVICES
from tests.platform.operations import OPERATIONS, Operation

GRANTED = frozenset().union(*ROLES.values())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_some_role_may_do_each_operation(operation: Operation) -> None:
    assert any(operation.scopes <= scopes for scopes in ROLES.values())


@pytest.mark.parametrize("scope", sorted(GRANTED))
def test_a_scope_names_a_service_and_what_may_be_done_there(scope: str) -> None:
    service, _, action = scope.partition(":")
    assert service in SERVICES
    assert re.fullmatch("read|write|approve|operate", action)


def test_a_customer_changes_only_their_own_inbox_and_what_waits_for_their_word() -> None:
    changing = {scope for scope in ROLES["customer"] if not scope.endswith((":read", ":approve"))}
    assert changing == {"notification:write"}


def test_operators_see_into_the_machinery_and_change_no_business() -> None:
    assert not {scope for scope in ROLES["operator"] if scope.endswith((":write", ":approve"))} - {
        "notification:write"
    }
