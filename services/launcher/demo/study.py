"""The first act: a published study, computed anew beside its printed figures."""

import json
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from rich.console import Console

from services.launcher.demo.gateway import DemoFailed, Person
from services.launcher.demo.scenes import page

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
EVALUATIONS = "/api/v1/calculation-engine/evaluations"


@dataclass(frozen=True, slots=True)
class Compared:
    """A printed figure and the computed one."""

    label: str
    printed: str
    computed: float
    agrees: bool


async def recompute(engineer: Person, name: str) -> tuple[str, list[Compared]]:
    """Gives the engine a study of `examples/tei/`; its source, and each figure beside the printed one.

    Raises:
        DemoFailed: the engine refused it.
    """
    request = json.loads((EXAMPLES / "tei" / f"{name}.json").read_text())
    printed = json.loads((EXAMPLES / "tei" / f"{name}.printed.json").read_text())
    answer = await engineer.post(EVALUATIONS, request)
    return printed["source"], [_compared(row, answer) for row in printed["figures"]]


def _compared(row: dict[str, Any], answer: Any) -> Compared:
    computed = float(at(answer, row["figure"]))
    return Compared(row["label"], row["printed"], computed, _agrees(row, computed))


def _agrees(row: dict[str, Any], computed: float) -> bool:
    """Within the rounding of the printed figure, or under the printed bound."""
    if "below" in row:
        return computed < float(row["below"])
    return abs(computed - float(row["value"])) <= float(row["tolerance"])


def at(document: Any, pointer: str) -> Any:
    """What a JSON pointer names."""
    return reduce(
        lambda inner, step: inner[int(step)] if isinstance(inner, list) else inner[step],
        pointer.strip("/").split("/"),
        document,
    )


def show(console: Console, source: str, figures: list[Compared]) -> None:
    """Prints the comparison.

    Raises:
        DemoFailed: a figure is not within the rounding of the printed one.
    """
    table = page.plain("figure", "printed", "computed", "", right=(1, 2))
    for row in figures:
        table.add_row(
            row.label,
            row.printed,
            shown(row.computed, like=row.printed),
            "[green]✓[/]" if row.agrees else "[red]✗[/]",
        )
    page.say(console, f"[dim]{source}[/]")
    page.show(console, table)
    off = [row.label for row in figures if not row.agrees]
    if off:
        raise DemoFailed(f"These figures differ from the printed ones: {', '.join(off)}.")


def shown(value: float, *, like: str) -> str:
    """A figure for the eye, in the printed one's form: per cent, whole amounts, or with decimals."""
    if like.endswith("%"):
        return f"{value:.0%}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"  # noqa: PLR2004
