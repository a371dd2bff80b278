"""How every act looks: its title, a line of the story, a plain table, amounts and dates."""

from datetime import date
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table


def act(console: Console, number: int, title: str) -> None:
    """The title of an act."""
    console.print()
    console.rule(f"[bold]{number}. {title}[/]", align="left")


def say(console: Console, text: str) -> None:
    """A line of the story."""
    console.print(Padding(text, (0, 0, 0, 2), expand=False))


def show(console: Console, table: Table) -> None:
    """A table among the lines of the story."""
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def plain(*columns: str, right: tuple[int, ...] = ()) -> Table:
    """A table without frame, some of its columns set to the right."""
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place in right:
        table.columns[place].justify = "right"
    return table


def amount(money: Any) -> str:
    """An amount of money to the cent; a negative one in red."""
    text = f"{Decimal(money['amount']):,.2f}"
    return f"[red]{text}[/]" if text.startswith("-") else text


def whole(number: float, currency: str = "") -> str:
    """An amount in whole units."""
    return f"{currency} {number:,.0f}".strip()


def day(text: str) -> str:
    """A date as people say it: 9 May."""
    found = date.fromisoformat(text)
    return f"{found.day} {found:%b}"
