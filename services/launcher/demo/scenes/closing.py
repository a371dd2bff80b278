"""The last act: who was told, and the year on one page."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.table import Table

from services.launcher.demo.measures import Measures
from services.launcher.demo.scenes.value_case import modelled_quarters

Made = dict[str, list[Any]]


def quarters(made: Made) -> Table:
    """Per quarter: modelled, committed, realised as restated last, and settled.

    What is billed before the first quarter stands in a row of its own.
    """
    contract, currency = made["contract"][0], made["contract"][0]["currency"]
    modelled = [round(Decimal(repr(each)), 2) for each in modelled_quarters(made["evaluation"][0])]
    committed = [Decimal(each["committed"]["amount"]) for each in contract["calendar"]]
    realised = [
        sum(
            (Decimal(driver["periods"][place]["realised"]["amount"]) for driver in made["realised"][0]),
            Decimal(0),
        )
        for place in range(len(committed))
    ]
    opening, *settled = [Decimal(each["net"]["amount"]) for each in made["settlement"]]
    table = Table("quarter", "modelled", "committed", "realised", "settled", title="The year on one page")
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("at signing", "", "", "", f"{opening:,.2f}")
    for place, each in enumerate(contract["calendar"]):
        row = (modelled[place], committed[place], realised[place], settled[place])
        table.add_row(each["period"]["key"], *(f"{number:,.2f}" for number in row))
    table.add_section()
    sums = (sum(modelled), sum(committed), sum(realised), opening + sum(settled))
    table.add_row(f"[bold]{currency}[/]", *(f"[bold]{number:,.2f}[/]" for number in sums))
    return table


def bus(before: Measures, after: Measures) -> str:
    """How many messages services have handled since, and how many came more than once."""

    def since(outcome: str) -> int:
        name = "consumer_messages_total"
        return int(after.total(name, outcome=outcome) - before.total(name, outcome=outcome))

    again = since("retried") + since("repeated")
    return (
        f"{since('handled'):,} messages over the bus, {again:,} redelivered, {since('dead'):,} dead letters"
    )


def p95_ms(seconds: Sequence[float]) -> float:
    """The duration that 95 % of the requests did not exceed, in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * ordered[max(0, -(-95 * len(ordered) // 100) - 1)]
