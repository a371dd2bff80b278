"""The story that the demo tells, act by act, and the table it ends with."""

from collections.abc import Awaitable
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from services.chassis.principal import tenant_id
from services.launcher.demo import study, value_case
from services.launcher.demo.gateway import gateway
from services.launcher.demo.messages import message_about
from services.launcher.demo.people import People, example, make_known
from services.launcher.demo.picture import histogram, millions

T = TypeVar("T")


async def tell(console: Console, base_url: str, secret: str) -> None:
    """Tells the whole story against a running platform.

    Raises:
        DemoFailed: the platform answered what the story did not expect.
    """
    async with gateway(base_url, secret, tenant_id("demo")) as people_of:
        people = People.of(people_of)
        await _published_study(console, people)
        results = await _made_up_customer(console, people)
    console.print(results)


async def _published_study(console: Console, people: People) -> None:
    _act(console, 1, "A published study, computed anew")
    for name in ("salesloft", "relayto-microsites"):
        source, figures = await study.recompute(people.engineer, name)
        study.show(console, source, figures)


async def _made_up_customer(console: Console, people: People) -> Table:
    _act(console, 2, "A made-up customer: from account to approved value model")
    await make_known(people)
    account = await value_case.add_account(people)
    _say(
        console,
        f"[bold]{account['name']}[/] (invented), {account['employees']:,} people, {account['industry']}",
    )
    proposals = await value_case.propose(people, account)
    console.print(_proposals(proposals))
    decided = await value_case.decide(people, proposals)
    for each in decided:
        reason = f": {each['rejection_reason']}" if each["rejection_reason"] else ""
        _say(console, f"{each['state']} [bold]{each['title']}[/]{reason}")
    model = await value_case.make_model(people, account)
    document = model["current"]["document"]
    evaluation = await value_case.evaluate(people, document)
    _say(console, f"evaluated: NPV {_money(evaluation, 'npv')}, of it {_share(evaluation)} on assumptions")
    draws = example("simulation.json")["draws"]
    simulation = await _waiting(
        console, f"Simulating {draws:,} draws …", value_case.simulate(people, document)
    )
    _picture(console, simulation)
    approved = await value_case.review_and_approve(people, model)
    asked = await message_about(people.approver, model["id"], "architect.model.review-requested.v1")
    _say(console, f"to {people.approver.sub}: [bold]{asked['title']}[/]")
    told = await message_about(people.engineer, model["id"], "architect.model.approved.v1")
    _say(console, f"to {people.engineer.sub}: [bold]{told['title']}[/]. {told['body']}")
    scenarios = {
        name: await value_case.evaluate(people, document, name) for name in sorted(document["scenarios"])
    }
    return _results(approved, evaluation, scenarios, simulation)


def _act(console: Console, number: int, title: str) -> None:
    console.rule(f"[bold]{number}. {title}[/]", align="left")


def _say(console: Console, text: str) -> None:
    console.print(f"  {text}")


async def _waiting(console: Console, text: str, work: Awaitable[T]) -> T:
    with console.status(text):
        return await work


def _proposals(proposals: list[Any]) -> Table:
    table = Table("", "hypothesis", "a year", "why", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.columns[2].justify = "right"
    for each in proposals:
        value = each["annual_value"]
        amount = f"{value['currency']} {float(value['amount']):,.0f}" if value else "not computed"
        table.add_row(str(each["rank"]), each["title"], amount, f"[dim]{each['reason']}[/]")
    return table


def _picture(console: Console, simulation: Any) -> None:
    npv = next(each for each in simulation["outputs"] if each["output"] == "npv")
    _say(console, f"NPV over {simulation['draws']:,} draws ({simulation['sampler']}); red is below zero:")
    for line in histogram(npv["histogram"]["edges"], npv["histogram"]["counts"]):
        console.print(line)
    spread = ", ".join(
        f"{name.upper()} {millions(npv['percentiles'][name]['value'])}" for name in ("p10", "p50", "p90")
    )
    _say(console, f"{spread}; above zero in {simulation['probabilities']['npv_positive']['value']:.1%}")


def _results(approved: Any, evaluation: Any, scenarios: dict[str, Any], simulation: Any) -> Table:
    current = approved["current"]
    table = Table("view", "NPV", "ROI", "payback", title=f"{approved['name']}: {current['state']}")
    for column in table.columns[1:]:
        column.justify = "right"
    views = {"all drivers": evaluation["total"], "CFO's view (cashable and revenue)": evaluation["cfo_view"]}
    views |= {f"scenario {name}": each["total"] for name, each in scenarios.items()}
    for name, figures in views.items():
        table.add_row(name, *_figures(evaluation["currency"], figures))
    likely = simulation["probabilities"]
    targets = [("ROI ≥ 50 %", likely["roi_target"]), ("payback ≤ 24 months", likely["payback_target"])]
    sure = ", ".join(f"{name} in {each['value']:.1%}" for name, each in targets)
    table.caption = (
        f"{sure} of the draws. A month's delay costs {_money(evaluation, 'cost_of_delay')}. "
        f"Version {current['number']} ({current['version_hash'][:12]}…) "
        f"was approved by {current['approved_by']}."
    )
    return table


def _figures(currency: str, figures: Any) -> tuple[str, str, str]:
    roi, payback = figures["roi"], figures["payback_months"]
    return (
        f"{currency} {figures['npv']:,.0f}",
        "-" if roi is None else f"{roi:.0%}",
        "never" if payback is None else f"{payback:.1f} months",
    )


def _money(evaluation: Any, figure: str) -> str:
    return f"{evaluation['currency']} {evaluation['total'][figure]:,.0f}"


def _share(evaluation: Any) -> str:
    share = evaluation["total"]["assumption_share"]
    return "none" if share is None else f"{share:.0%}"
