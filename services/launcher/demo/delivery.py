"""With the executor: the delivery plan that the activation made, its work, and its milestones."""

from typing import Any

from services.launcher.demo.gateway import until
from services.launcher.demo.people import Customer, People, example

PLANS = "/api/v1/executor/plans"


async def plan_of(people: People, contract: Any) -> Any:
    """The delivery plan of a contract."""

    async def look() -> Any:
        return next(iter(await people.delivery_manager.all(PLANS, contract_id=contract["id"])), None)

    return await until(look, "The delivery plan")


async def plan_work(people: People, plan: Any) -> Any:
    """The plan's activities, and the schedule that follows from them."""
    path = f"{PLANS}/{plan['id']}"
    await people.delivery_manager.put(f"{path}/activities", example("delivery.json")["work"], of=path)
    return await people.delivery_manager.get(f"{path}/schedule")


async def report(people: People, customer: Customer, plan: Any, entry: Any) -> Any:
    """One entry of the site's diary: an activity's progress, or a milestone delivered and accepted.

    Answers the schedule after it.
    """
    path = f"{PLANS}/{plan['id']}"
    if "activity" in entry:
        now = await people.delivery_manager.get(path)
        progress = {name: value for name, value in entry.items() if name != "activity"}
        reported = f"{path}/activities/{entry['activity']}/progress"
        await people.delivery_manager.post(reported, progress, revision=now["revision"])
    else:
        await _accept(people, customer, f"{path}/milestones/{entry['milestone']}", entry["accepted_on"])
    return await people.delivery_manager.get(f"{path}/schedule")


async def _accept(people: People, customer: Customer, path: str, accepted_on: str) -> None:
    now = await people.delivery_manager.get(path)
    delivered = await people.delivery_manager.post(f"{path}/deliver", revision=now["revision"])
    body = {"accepted_on": accepted_on}
    await customer.plant_manager.post(f"{path}/accept", body, revision=delivered["revision"])


async def milestones(people: People, plan: Any) -> list[Any]:
    """The plan's milestones as they stand."""
    answer = await people.delivery_manager.get(f"{PLANS}/{plan['id']}/milestones")
    return list(answer["items"])
