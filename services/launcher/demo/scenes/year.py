"""The fifth act: a year measured, closed quarter by quarter, and settled."""

from typing import Any

from rich.console import Console

from services.launcher.demo.scenes.page import amount, plain, say, show

_STANDINGS = {
    "met": "[green]met[/]",
    "on_track": "[green]on track[/]",
    "at_risk": "[yellow]at risk[/]",
    "missed": "[red]missed[/]",
}


def measurements(console: Console, made: Any) -> None:
    taken = made["taken"]
    corrected = f", {taken['corrections']} of them a late correction" if taken["corrections"] else ""
    console.print()
    say(console, f"[bold]{made['period']}[/]: {taken['added']} readings loaded{corrected}")
    say(console, f"[dim italic]{made['note']}[/]")


def restatement(console: Console, made: Any) -> None:
    was = {each["commitment"]: each for each in made["superseded"][-1]["figures"]}
    for figure in made["figures"]:
        before = was[figure["commitment"]]
        if before["realised"] != figure["realised"]:
            say(
                console,
                f"[yellow]{made['key']} is restated[/]: {figure['label']} "
                f"{_reading(before['measured'])} → {_reading(figure['measured'])}, realised "
                f"{amount(before['realised'])} → {amount(figure['realised'])}",
            )


def closing(console: Console, made: Any) -> None:
    table = plain("driver", "measured", "committed", "realised", "", "", right=(1, 2, 3))
    for figure in made["figures"]:
        gaps = f"[yellow]no reading in {', '.join(figure['gaps'])}[/]" if figure["gaps"] else ""
        table.add_row(
            figure["label"],
            _reading(figure["measured"]),
            amount(figure["committed"]),
            amount(figure["realised"]),
            _STANDINGS.get(figure["standing"], ""),
            gaps,
        )
    show(console, table)
    say(console, f"[dim]reviewed for {made['requested_by']}, closed by {made['closed_by']}[/]")


def settlement(console: Console, made: Any) -> None:
    table = plain("", "settled", "by term", right=(1,))
    for line in made["lines"]:
        table.add_row(line["label"], amount(line["amount"]), f"[dim]{line['term']}[/]")
    net = f"[bold]{amount(made['net'])}[/]"
    table.add_row(f"[bold]Settlement {made['number']}[/]", net, made["net"]["currency"])
    show(console, table)


def realised(console: Console, made: Any) -> None:
    table = plain("over the year", "committed", "realised", "works since", right=(1, 2))
    for each in made:
        table.add_row(
            each["label"], amount(each["committed"]), amount(each["realised"]), each["ramp_start"] or ""
        )
    console.print()
    show(console, table)


def proof(console: Console, made: Any) -> None:
    point, before, after = made["point"], made["before"], made["after"]
    unit = after["unit"]
    was = "no proof point yet" if before["base"] is None else _spread(before, unit)
    say(
        console,
        f"proof point of [bold]{point['driver_key']}[/]: {_reading(point['measured'])} {unit} reached, "
        f"{amount(point['realised'])} {point['realised']['currency']} realised",
    )
    say(console, f"the library's benchmark of {after['input']} moves: {was} → {_spread(after, unit)}")


def _spread(benchmark: Any, unit: str) -> str:
    low, base, high = (_reading(benchmark[name]) for name in ("low", "base", "high"))
    number = benchmark["proof_points"]
    return f"{base} {unit} ({low} to {high}, {number} proof point{'s' * (number > 1)})"


def _reading(measured: str | None) -> str:
    return "-" if measured is None else f"{float(measured):.4g}"
