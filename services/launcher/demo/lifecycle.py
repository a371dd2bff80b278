"""The second act: a made-up customer, from account to approved value model, by REST calls only."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.launcher.demo.gateway import DemoFailed, Gateway, Person

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "lifecycle"
ARCHITECT = "/api/v1/architect"
_PATIENCE_S = 20.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class People:
    """Who appears: the model's owner, who approves it, and who keeps the platform's recipients."""

    engineer: Person
    approver: Person
    operator: Person

    @classmethod
    def of(cls, gateway: Gateway) -> "People":
        return cls(
            engineer=gateway.person("ada@vendor.example", "value-engineer"),
            approver=gateway.person("grace@vendor.example", "approver"),
            operator=gateway.person("olga@vendor.example", "operator"),
        )


def example(name: str) -> Any:
    """A file of `examples/lifecycle/`."""
    return json.loads((EXAMPLE / name).read_text())


async def make_approver_known(people: People) -> None:
    """Lets notification find those who approve by their role; again is harmless."""
    known = await people.operator.get("/api/v1/notification/recipients", role="approver")
    if all(each["sub"] != people.approver.sub for each in known["items"]):
        recipient = {"sub": people.approver.sub, "name": "Grace", "roles": ["approver"]}
        await people.operator.post("/api/v1/notification/recipients", recipient)


async def add_account(people: People) -> Any:
    """The customer."""
    return await people.engineer.post(f"{ARCHITECT}/accounts", example("account.json"))


async def propose(people: People, account: Any) -> list[Any]:
    """Hypotheses generated from the library's drivers, best first."""
    body = {"account_id": account["id"], "limit": 8}
    return list((await people.engineer.post(f"{ARCHITECT}/hypotheses/generate", body))["items"])


async def decide(people: People, proposals: list[Any]) -> list[Any]:
    """The customer's decisions about the proposals: those that were decided, as they are now."""
    decisions = example("decisions.json")
    decided = []
    for proposal in proposals:
        path, revision = f"{ARCHITECT}/hypotheses/{proposal['id']}", proposal["revision"]
        if proposal["driver_key"] in decisions["accept"]:
            decided.append(await people.engineer.post(f"{path}/accept", revision=revision))
        elif proposal["driver_key"] in decisions["reject"]:
            reason = {"reason": decisions["reject"][proposal["driver_key"]]}
            decided.append(await people.engineer.post(f"{path}/reject", reason, revision=revision))
    return decided


async def make_model(people: People, account: Any) -> Any:
    """A model from the accepted hypotheses, then with the figures that the customer knows better."""
    plan = example("plan.json")
    body = {"source": "hypotheses", "account_id": account["id"], **plan}
    model = await people.engineer.post(f"{ARCHITECT}/models", body)
    document = with_customer_figures(model["current"]["document"])
    return await people.engineer.put(
        f"{ARCHITECT}/models/{model['id']}",
        {"name": model["name"], "document": document},
        revision=model["revision"],
    )


def with_customer_figures(document: Any) -> Any:
    """A model's document with the inputs, pools and scenarios of `customer-figures.json`."""
    known = example("customer-figures.json")
    drivers = [
        {**driver, "pool": known["drawn_from"].get(driver["key"], driver.get("pool"))}
        for driver in document["drivers"]
    ]
    return {
        **document,
        "inputs": {**document["inputs"], **known["inputs"]},
        "drivers": drivers,
        "pools": {**document["pools"], **known["pools"]},
        "scenarios": {
            name: {"label": name.capitalize(), "inputs": inputs}
            for name, inputs in known["scenarios"].items()
        },
    }


async def evaluate(people: People, document: Any, scenario: str | None = None) -> Any:
    """One deterministic run of the model, in a scenario if named."""
    body = {"model": document} | ({"scenario": scenario} if scenario else {})
    return await people.engineer.post("/api/v1/calculation-engine/evaluations", body)


async def simulate(people: People, document: Any) -> Any:
    """The model with its uncertain inputs drawn."""
    body = {"model": document, **example("simulation.json")}
    return await people.engineer.post("/api/v1/calculation-engine/simulations", body)


async def review_and_approve(people: People, model: Any) -> Any:
    """The owner asks for a review; a second person approves."""
    path = f"{ARCHITECT}/models/{model['id']}"
    in_review = await people.engineer.post(f"{path}/request-review", revision=model["revision"])
    return await people.approver.post(f"{path}/approve", revision=in_review["revision"])


async def message_about(person: Person, model: Any, event_type: str) -> Any:
    """The message in somebody's inbox about an event of the model, once it has come over the bus.

    Raises:
        DemoFailed: it does not come.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                inbox = await person.get("/api/v1/notification/inbox", limit="200")
                for message in inbox["items"]:
                    if message["subject"] == model["id"] and message["event_type"] == event_type:
                        return message
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise DemoFailed(f"No message about {event_type} reached {person.sub}.") from None
