"""With the architect and the engine: a made-up customer, from account to approved value model."""

from typing import Any

from services.launcher.demo.people import People, example

ARCHITECT = "/api/v1/architect"


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
    body = {"name": model["name"], "document": document}
    return await people.engineer.put(f"{ARCHITECT}/models/{model['id']}", body)


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
