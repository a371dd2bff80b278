"""Tenants by name, and what roles bring."""

from uuid import UUID

import pytest

from services.chassis.principal import tenant_id
from services.chassis.roles import ROLES, SERVICES, scopes_of


def test_a_name_is_always_the_same_tenant_and_a_uuid_is_itself() -> None:
    assert tenant_id("acme") == tenant_id("acme") != tenant_id("acme2")
    known = UUID("0197c1c5-0000-7000-8000-000000000001")
    assert tenant_id(str(known)) == known


def test_a_name_s_tenant_never_changes_between_releases() -> None:
    assert tenant_id("acme") == UUID("955771ec-41c1-520f-ba44-75445247fa7d")


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_both_writes_and_approves(service: str) -> None:
    for scopes in ROLES.values():
        assert not {f"{service}:write", f"{service}:approve"} <= scopes


def test_everybody_reads_their_own_inbox() -> None:
    assert all("notification:read" in scopes for scopes in ROLES.values())


def test_unknown_roles_bring_nothing() -> None:
    assert scopes_of(["emperor"]) == frozenset()
