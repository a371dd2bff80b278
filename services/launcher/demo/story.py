"""The story that the demo tells, act by act, and the page it ends with."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from rich.console import Console

from services.chassis.principal import tenant_id
from services.launcher.demo import lifecycle, measures, study
from services.launcher.demo.gateway import Gateway, gateway
from services.launcher.demo.messages import Post
from services.launcher.demo.people import People
from services.launcher.demo.scenes import closing, contract, delivery, messages, value_case, year
from services.launcher.demo.scenes.page import act, say

_ACTS = {
    "account": "A made-up customer: from account to approved value model",
    "commitments": "The promise becomes a contract",
    "schedule": "The delivery",
    "success_plan": "The year, measured and settled",
    "proof": "What comes back",
    "told": "Who was told",
}


def _message(console: Console, made: Any) -> None:
    say(console, f"in the inbox: [bold]{made['title']}[/]")


def _nothing(_console: Console, _made: Any) -> None:
    """For steps that speak by those after them."""


_SCENES: dict[str, Callable[[Console, Any], None]] = {
    "endpoint": _nothing,
    "account": value_case.account,
    "proposals": value_case.proposals,
    "decisions": value_case.decisions,
    "evaluation": value_case.evaluation,
    "simulation": value_case.simulation,
    "message": _message,
    "model": value_case.model,
    "commitments": contract.commitments,
    "agreed": contract.agreed,
    "saga": contract.saga,
    "contract": contract.contract,
    "schedule": delivery.schedule,
    "report": delivery.report,
    "milestones": delivery.milestones,
    "success_plan": _nothing,
    "measurements": year.measurements,
    "restatement": year.restatement,
    "closing": year.closing,
    "settlement": year.settlement,
    "realised": year.realised,
    "proof": year.proof,
    "told": messages.told,
}


async def tell(console: Console, base_url: str, secret: str, post: Post) -> None:
    """Tells the whole story against a running platform, whose e-mails and webhooks arrive at `post`.

    Raises:
        DemoFailed: the platform answered what the story did not expect.
    """
    async with gateway(base_url, secret, tenant_id("demo")) as asked:
        people = People.of(asked)
        await _published_study(console, people)
        before = await measures.read(base_url)
        made = await _lifecycle(console, people, post)
        after = await measures.read(base_url)
    console.print()
    console.print(closing.quarters(made))
    say(console, closing.bus(before, after))
    say(console, _speed(asked))


async def _published_study(console: Console, people: People) -> None:
    act(console, 1, "A published study, computed anew")
    for name in ("salesloft", "relayto-microsites"):
        source, figures = await study.recompute(people.engineer, name)
        study.show(console, source, figures)


async def _lifecycle(console: Console, people: People, post: Post) -> closing.Made:
    """Tells every step when it is done, and meanwhile what is under way; all that was made, by step."""
    made: closing.Made = defaultdict(list)
    with console.status("") as status:
        async for step in lifecycle.walk(people, status.update, hooks=post.hooks.url):
            if step.name in _ACTS:
                act(console, 2 + list(_ACTS).index(step.name), _ACTS[step.name])
            _SCENES[step.name](console, step.made)
            made[step.name].append(step.made)
    messages.received(console, post, made["endpoint"][0]["secret"])
    return made


def _speed(asked: Gateway) -> str:
    seconds = [each.seconds for each in asked.asked]
    return f"{len(seconds)} requests of the story, p95 {closing.p95_ms(seconds):.0f} ms"
