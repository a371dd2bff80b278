"""The audit at the terminal: how much was looked at, and everything that does not hold, by its id."""

import asyncio
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from services.chassis.principal import tenant_id
from services.launcher.audit.auditing import Audit, audit
from services.launcher.configuration import owner_url_of
from services.launcher.development_token import duration
from services.launcher.errors import CannotStart


def run_audit(data: Path, *, patience: str, tenant: str | None) -> int:
    """Prints the audit of a platform's databases; 0 if everything holds, else 1.

    Raises:
        CannotStart: there is no database that can be read, or `patience` is no duration.
    """
    wanted = timedelta(0) if patience == "0s" else duration(patience)
    owner_url = owner_url_of(data)
    try:
        found = asyncio.run(
            audit(owner_url, patience=wanted, tenant=tenant_id(tenant) if tenant is not None else None)
        )
    except (DBAPIError, OSError) as error:
        raise CannotStart(f"The databases cannot be read: {error}") from error
    print_audit(Console(soft_wrap=True, highlight=False), found)
    return 1 if found.findings else 0


def print_audit(console: Console, found: Audit) -> None:
    """One line a subject, then one line a finding, under the rule that it breaks."""
    table = Table("looked at", "", "findings", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.columns[1].justify = table.columns[2].justify = "right"
    for outcome in found.outcomes:
        number = len(outcome.findings)
        table.add_row(outcome.subject, f"{outcome.looked_at:,}", f"[red]{number:,}[/]" if number else "none")
    console.print(table)
    for rule in dict.fromkeys(finding.rule for finding in found.findings):
        console.print(f"\n[red]✗[/] does not hold: [bold]{rule}[/]")
        for finding in found.findings:
            if finding.rule == rule:
                told = escape(f"{finding.id}  {finding.what}")
                console.print(f"  {told}  [dim]tenant {finding.tenant}[/]")
    number = len(found.findings)
    verdict = f"[red]{number:,} findings.[/]" if number else "[green]Everything holds.[/]"
    console.print(f"\n{found.tenants:,} tenants: {verdict}")
