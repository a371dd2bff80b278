"""With the amplifier: the success plan that the activation made, measurements, closings, a proof point."""

import csv
import io
from typing import Any

from services.launcher.demo.gateway import DemoFailed, until
from services.launcher.demo.people import EXAMPLE, People, example

PLANS = "/api/v1/amplifier/success-plans"
_DRIVERS = "/api/v1/architect/drivers"


async def success_plan_of(people: People, contract: Any) -> Any:
    """The success plan of a contract, once its model has been fetched.

    Raises:
        DemoFailed: it cannot be measured by its model.
    """

    async def look() -> Any:
        found = await people.success_lead.all(PLANS, contract_id=contract["id"])
        return next((each for each in found if each["state"] != "fetching"), None)

    plan = await until(look, "The success plan")
    if plan["state"] != "active":
        raise DemoFailed(f"The success plan is {plan['state']}.")
    return plan


def recorded_by(day: str, *, after: str = "") -> str:
    """The rows of the measurements' file that were written down after one day and by another, as a file."""
    with (EXAMPLE / "measurements.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    recorded = header.index("recorded_on")
    kept = io.StringIO()
    csv.writer(kept, lineterminator="\n").writerows(
        [header, *(row for row in rows if after < row[recorded] <= day)]
    )
    return kept.getvalue()


async def load_measurements(people: People, plan: Any, content: str) -> Any:
    """What became of a file of measurements."""
    path = f"{PLANS}/{plan['id']}/measurements/import"
    return await people.success_lead.upload(path, content, "text/csv")


async def restate(people: People, plan: Any, period: str) -> Any:
    """A closed period's figures anew, by somebody else than who brought the correction."""
    return await _step(people, plan, period, "restate")


async def close(people: People, plan: Any, period: str) -> Any:
    """A period reviewed, and closed by a second person."""
    path = f"{PLANS}/{plan['id']}/periods/{period}"
    now = await people.success_lead.get(path)
    await people.success_lead.post(f"{path}/request-review", revision=now["revision"])
    return await _step(people, plan, period, "close")


async def _step(people: People, plan: Any, period: str, step: str) -> Any:
    path = f"{PLANS}/{plan['id']}/periods/{period}"
    now = await people.approver.get(path)
    return await people.approver.post(f"{path}/{step}", revision=now["revision"])


async def realised(people: People, plan: Any) -> list[Any]:
    """Promised and realised, by driver and period."""
    answer = await people.success_lead.get(f"{PLANS}/{plan['id']}/realised-value")
    return list(answer["items"])


async def benchmark(people: People, driver_key: str) -> Any:
    """What the tenant's customers reached of a driver's KPI by its proof points."""
    driver, *_ = await people.engineer.all(_DRIVERS, key=driver_key)
    return await people.engineer.get(f"{_DRIVERS}/{driver['id']}/benchmark")


async def publish_proof(people: People, plan: Any) -> tuple[Any, Any, Any]:
    """A proof point of the closed periods, and the driver's benchmark before it and after."""
    driver_key = example("success.json")["proof_point"]
    before = await benchmark(people, driver_key)
    point = await people.success_lead.post(f"{PLANS}/{plan['id']}/proof-points", {"driver_key": driver_key})

    async def look() -> Any:
        now = await benchmark(people, driver_key)
        return now if now["proof_points"] > before["proof_points"] else None

    return point, before, await until(look, "The benchmark's move")
