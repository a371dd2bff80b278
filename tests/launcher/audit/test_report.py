"""What an operator sees of an audit."""

from io import StringIO
from uuid import uuid4

import pytest
from rich.console import Console

from services.launcher.audit import Audit, Finding, Outcome
from services.launcher.audit.report import print_audit

TENANT = uuid4()
RULE = "what happened is published"
LOST = Finding(TENANT, RULE, "0197c1c5-0000", "architect.model.approved.v1 of architect waits")


def printed(found: Audit) -> str:
    out = StringIO()
    print_audit(Console(file=out, width=200), found)
    return out.getvalue()


def test_what_does_not_hold_is_named_by_its_id_under_its_rule() -> None:
    told = printed(Audit(2, [Outcome("contracts", 1200, []), Outcome("events", 3, [LOST])]))
    lines = [line.split() for line in told.splitlines() if line]
    assert lines == [
        ["looked", "at", "findings"],
        ["contracts", "1,200", "none"],
        ["events", "3", "1"],
        ["✗", "does", "not", "hold:", *RULE.split()],
        [LOST.id, *LOST.what.split(), "tenant", str(TENANT)],
        ["2", "tenants:", "1", "findings."],
    ]


@pytest.mark.parametrize("markup", ["[red]", "[/]", "[link=x]"])
def test_what_a_row_says_is_printed_as_it_is(markup: str) -> None:
    odd = Finding(TENANT, RULE, markup, f"last error: {markup}")
    assert f"{markup}  last error: {markup}" in printed(Audit(1, [Outcome("events", 1, [odd])]))


def test_nothing_found_is_said() -> None:
    assert "1 tenants: Everything holds." in printed(Audit(1, [Outcome("contracts", 0, [])]))
