"""With the committer: commitments drawn from the approved model, a contract, its activation, settlements."""

from typing import Any

from services.launcher.demo.gateway import DemoFailed, until
from services.launcher.demo.people import Customer, People, example

COMMITTER = "/api/v1/committer"


async def draw_commitments(people: People, model: Any) -> list[Any]:
    """What is promised of each driver, with what the engine says that it is worth in each period."""
    return [
        await people.deal_manager.post(f"{COMMITTER}/commitments", {"model_id": model["id"], **each})
        for each in example("commitments.json")
    ]


async def draft(people: People, commitments: list[Any]) -> Any:
    """A contract of these commitments, with its terms and milestones."""
    body = {**example("contract.json"), "commitments": [each["id"] for each in commitments]}
    return await people.deal_manager.post(f"{COMMITTER}/contracts", body)


async def review(people: People, contract: Any) -> Any:
    """Its author asks for the review; a second person approves."""
    path = f"{COMMITTER}/contracts/{contract['id']}"
    in_review = await people.deal_manager.post(f"{path}/request-review", revision=contract["revision"])
    return await people.approver.post(f"{path}/approve", revision=in_review["revision"])


async def sign(people: People, customer: Customer, contract: Any) -> Any:
    """By both parties, the customer last: that starts the activation."""
    path = f"{COMMITTER}/contracts/{contract['id']}/sign"
    half = await people.deal_manager.post(path, revision=contract["revision"])
    return await customer.cfo.post(path, revision=half["revision"])


async def in_force(people: People, contract: Any) -> tuple[Any, Any]:
    """The contract once its activation has ended, and the saga that did it.

    Raises:
        DemoFailed: the activation failed.
    """
    path = f"{COMMITTER}/contracts/{contract['id']}"

    async def look() -> Any:
        now = await people.deal_manager.get(path)
        return None if now["state"] == "activating" else now

    ended = await until(look, "The end of the contract's activation")
    if ended["state"] != "active":
        raise DemoFailed(f"The contract did not come into force: {ended['failure']}")
    saga, *_ = await people.operator.all(f"{COMMITTER}/sagas", subject=contract["id"])
    return ended, await people.operator.get(f"{COMMITTER}/sagas/{saga['id']}")


async def delivered(people: People, contract: Any) -> Any:
    """The contract once it knows that every milestone was accepted."""
    path = f"{COMMITTER}/contracts/{contract['id']}"

    async def look() -> Any:
        now = await people.deal_manager.get(path)
        return now if now["delivered"] else None

    return await until(look, "The contract's word that all is delivered")


async def settlement(people: People, contract: Any, number: int) -> Any:
    """A contract's settlement of this number, once it is issued: 1 is what the contract opens with, and each
    period that is closed has the next."""

    async def look() -> Any:
        issued = await people.deal_manager.all(f"{COMMITTER}/settlements", contract_id=contract["id"])
        return next((each for each in issued if each["number"] == number), None)

    return await until(look, f"Settlement {number} of {contract['name']}")
