"""The third act: what is promised, what it costs, and how it comes into force."""

from typing import Any

from rich.console import Console

from services.launcher.demo.scenes.page import amount, plain, say, show


def commitments(console: Console, made: Any) -> None:
    table = plain("promised", "from", "to", "tolerated", "due after", "measured by", right=(1, 2, 3))
    for each in made:
        table.add_row(
            each["label"],
            each["baseline"],
            each["target"],
            f"{float(each['tolerance']):.0%}",
            f"{each['due_after_months']} months",
            f"[dim]{each['measured_by']}[/]",
        )
    show(console, table)


def agreed(console: Console, made: Any) -> None:
    say(console, f"[bold]{made['name']}[/], four quarters from {made['effective_on']} ({made['time_zone']}):")
    for term in made["terms"]:
        say(console, f"· {term['label']}: {_priced(term, made['currency'])}")
    say(console, f"reviewed for {made['requested_by']}, approved by {made['approved_by']}")


def _priced(term: Any, currency: str) -> str:
    match term["kind"]:
        case "subscription":
            return f"{currency} {float(term['amount_per_period']):,.0f} a quarter, in advance"
        case "milestone":
            price = f"{currency} {float(term['amount']):,.0f}"
            return f"{price} when the customer accepts [bold]{term['milestone']}[/]"
        case _:
            limits = f"{float(term['floor_per_period']):,.0f} to {float(term['cap_per_period']):,.0f}"
            return f"{float(term['share']):.0%} of what is realised above the baseline, {limits} a quarter"


def saga(console: Console, made: Any) -> None:
    """The activation, step by step."""
    for each in made["steps"]:
        attempts = each["action"]["attempts"]
        again = "" if attempts == 1 else f", {attempts} attempts"
        say(console, f"[green]✓[/] {each['name']} [dim]({each['action']['participant']}{again})[/]")


def contract(console: Console, made: Any) -> None:
    signers = [made[f"{party}_signature"]["by"] for party in ("vendor", "customer")]
    say(
        console,
        f"signed by {' and '.join(signers)}; in force, with {made['currency']} "
        f"{amount(made['committed_value'])} committed over the year",
    )
