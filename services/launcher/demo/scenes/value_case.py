"""The second act: a made-up customer, from account to approved value model."""

from typing import Any

from rich.console import Console
from rich.table import Table

from services.launcher.demo.picture import histogram, millions
from services.launcher.demo.scenes.page import plain, say, show, whole

_MODELLED_QUARTERS = 4


def account(console: Console, made: Any) -> None:
    size = f"{made['employees']:,} people, {made['industry']}"
    say(console, f"[bold]{made['name'].removesuffix(' (made up)')}[/] (invented), {size}")


def proposals(console: Console, made: Any) -> None:
    table = plain("", "hypothesis", "a year", "why", right=(2,))
    for each in made:
        value = each["annual_value"]
        worth = whole(float(value["amount"]), value["currency"]) if value else "not computed"
        table.add_row(str(each["rank"]), each["title"], worth, f"[dim]{_why(each)}[/]")
    show(console, table)


def _why(proposal: Any) -> str:
    """What of its reason is not said beside it."""
    return str(proposal["reason"]).partition(" Concerns a stakeholder")[0].partition(" At full effect")[0]


def decisions(console: Console, made: Any) -> None:
    for each in made:
        mark = "[green]✓[/]" if each["state"] == "accepted" else "[red]-[/]"
        reason = f": [dim]{each['rejection_reason']}[/]" if each["rejection_reason"] else ""
        say(console, f"{mark} {each['state']} [bold]{each['title']}[/]{reason}")


def simulation(console: Console, made: Any) -> None:
    npv = next(each for each in made["outputs"] if each["output"] == "npv")
    say(console, f"NPV over {made['draws']:,} draws ({made['sampler']}); red is below zero:")
    for line in histogram(npv["histogram"]["edges"], npv["histogram"]["counts"]):
        console.print(line)
    spread = ", ".join(
        f"{name.upper()} {millions(npv['percentiles'][name]['value'])}" for name in ("p10", "p50", "p90")
    )
    say(console, f"{spread}; above zero in {made['probabilities']['npv_positive']['value']:.1%}")
    targets = {"ROI ≥ 50 %": "roi_target", "payback ≤ 24 months": "payback_target"}
    likely = ", ".join(
        f"{said} in {made['probabilities'][name]['value']:.1%}" for said, name in targets.items()
    )
    say(console, f"{likely} of the draws")


def evaluation(console: Console, made: Any) -> None:
    """The model's figures in every view; `made` is one evaluation a scenario, None being the base."""
    base = made[None]
    views = {"all drivers": base["total"], "CFO's view (cashable and revenue)": base["cfo_view"]}
    views |= {f"scenario {name}": each["total"] for name, each in made.items() if name}
    table = Table("view", "NPV", "ROI", "payback")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, figures in views.items():
        table.add_row(name, *_figures(base["currency"], figures))
    share = base["total"]["assumption_share"]
    table.caption = (
        f"{'None' if share is None else f'{share:.0%}'} of it rests on assumptions; "
        f"a month's delay costs {whole(base['total']['cost_of_delay'], base['currency'])}."
    )
    show(console, table)


def model(console: Console, made: Any) -> None:
    current = made["current"]
    say(
        console,
        f"version {current['number']} ({current['version_hash'][:12]}…) was approved "
        f"by {current['approved_by']}",
    )


def modelled_quarters(made: Any) -> list[float]:
    """What the model expects of each quarter of the first year."""
    return list(made[None]["periods"]["benefits"][1 : _MODELLED_QUARTERS + 1])


def _figures(currency: str, figures: Any) -> tuple[str, str, str]:
    roi, payback = figures["roi"], figures["payback_months"]
    return (
        whole(figures["npv"], currency),
        "-" if roi is None else f"{roi:.0%}",
        "never" if payback is None else f"{payback:.1f} months",
    )
