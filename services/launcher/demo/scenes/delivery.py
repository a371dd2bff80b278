"""The fourth act: the delivery, as a bar chart, and as the site's diary."""

from datetime import date
from typing import Any

from rich.console import Console

from services.launcher.demo.scenes.page import day, plain, say, show

_WIDTH = 42


def schedule(console: Console, made: Any) -> None:
    """Each activity as a bar over the weeks; the critical path is red."""
    first, last = made["starts_on"], made["finishes_on"]
    table = plain("", "days", "float", f"{day(first)} … {day(last)}", right=(1, 2))
    for each in made["activities"]:
        colour = "red" if each["critical"] else "cyan"
        table.add_row(
            each["label"],
            f"{each['duration']:.0f}",
            "-" if each["critical"] else f"{each['total_float']:.0f}",
            f"[{colour}]{_bar(each['starts_on'], each['finishes_on'], first, last)}[/]",
        )
    show(console, table)
    critical = len(made["critical_path"])
    say(
        console,
        f"[red]red[/] is the critical path: {critical} of {len(made['activities'])} activities, "
        f"{made['duration']:.0f} working days",
    )


def _bar(start: str, finish: str, first: str, last: str) -> str:
    begins, ends = (_column(each, first, last) for each in (start, finish))
    return " " * begins + "━" * max(1, ends - begins + 1)


def _column(at: str, first: str, last: str) -> int:
    whole = (date.fromisoformat(last) - date.fromisoformat(first)).days or 1
    return (date.fromisoformat(at) - date.fromisoformat(first)).days * (_WIDTH - 1) // whole


def report(console: Console, made: Any) -> None:
    """A line of the diary where something is told: work under way that is late, an acceptance."""
    entry = made["entry"]
    if "milestone" in entry:
        _accepted(console, entry, made["schedule"])
    elif "actual_finish" not in entry:
        _under_way(console, entry, made["schedule"])


def _under_way(console: Console, entry: Any, schedule: Any) -> None:
    activity = next(each for each in schedule["activities"] if each["key"] == entry["activity"])
    said = f"{activity['label']}: {entry['percent']} % since {day(entry['actual_start'])}"
    late = [each for each in schedule["milestones"] if _is_open(each) and (each["late_by_days"] or 0) > 0]
    for each in late:
        said += (
            f"; [yellow]at risk[/]: {each['key']} is expected on {day(each['expected_on'])}, "
            f"due {day(each['due'])}"
        )
    say(console, said)


def _accepted(console: Console, entry: Any, schedule: Any) -> None:
    milestone = next(each for each in schedule["milestones"] if each["key"] == entry["milestone"])
    late = milestone["late_by_days"]
    when = f"[yellow]{late} days late[/]" if late > 0 else f"{-late} days early"
    accepted = f"{day(entry['accepted_on'])}: the customer accepts [bold]{milestone['label']}[/]"
    say(console, f"[green]✓[/] {accepted}, {when}")


def _is_open(milestone: Any) -> bool:
    return bool(milestone["state"] != "accepted")


def milestones(console: Console, made: Any) -> None:
    for each in made:
        if each["term_id"]:
            say(console, f"{each['key']} releases the payment {each['term_id']}")
