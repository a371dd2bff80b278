"""What API tests of the executor begin with: a plan of two milestones, and the work that leads to them."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import Row, select

from services.chassis.actor import Actor
from services.chassis.runtime import Runtime
from services.chassis.tables import outbox
from tests.harness.platform import Company

PLANS = "/api/v1/executor/plans"

PILOT: dict[str, Any] = {
    "key": "pilot",
    "label": "The pilot runs",
    "due": "2026-01-16",
    "driver_keys": ["downtime"],
    "term_id": "pilot_fee",
}
ROLLOUT: dict[str, Any] = {"key": "rollout", "label": "All lines run", "due": "2026-02-27"}

# Two weeks to the pilot and three more to the rollout, from Monday 2026-01-05. Training has float.
NETWORK: dict[str, Any] = {
    "activities": [
        {"key": "install", "duration": 10, "milestone": "pilot"},
        {
            "key": "train",
            "duration": 2,
            "milestone": "pilot",
            "links": [{"predecessor": "install", "kind": "SS", "lag": 5}],
        },
        {"key": "extend", "duration": 15, "milestone": "rollout", "links": [{"predecessor": "install"}]},
    ]
}


def planned(**changes: Any) -> dict[str, Any]:
    """The body that makes a plan for a contract nobody has seen."""
    return {
        "contract_id": str(uuid4()),
        "name": "Predictive maintenance",
        "owner": "dana",
        "effective_on": "2026-01-05",
        "time_zone": "Europe/Berlin",
        "milestones": [PILOT, ROLLOUT],
        **changes,
    }


def if_match(resource: dict[str, Any]) -> dict[str, str]:
    """The header that names the revision which was read."""
    return {"If-Match": f'"{resource["revision"]}"'}


async def made(person: httpx2.AsyncClient, **changes: Any) -> dict[str, Any]:
    """A new plan."""
    return succeeded(await person.post(PLANS, json=planned(**changes)))


async def worked(
    person: httpx2.AsyncClient, network: dict[str, Any] = NETWORK, **changes: Any
) -> dict[str, Any]:
    """A new plan with its activities."""
    plan = await made(person, **changes)
    path = f"{PLANS}/{plan['id']}/activities"
    return succeeded(await person.put(path, json=network, headers=if_match(plan)))


async def got(person: httpx2.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    """The answer's document, of a GET that must succeed."""
    return succeeded(await person.get(path, params=params))


async def reported(
    person: httpx2.AsyncClient, plan: dict[str, Any], key: str, **progress: Any
) -> httpx2.Response:
    """The answer to a report on an activity, at the plan's revision of now."""
    now = await got(person, f"{PLANS}/{plan['id']}")
    path = f"{PLANS}/{plan['id']}/activities/{key}/progress"
    return await person.post(path, json=progress, headers=if_match(now))


async def stepped(
    person: httpx2.AsyncClient, plan: dict[str, Any], key: str, action: str, body: Any = None
) -> httpx2.Response:
    """The answer to one step of a milestone, at its revision of now."""
    path = f"{PLANS}/{plan['id']}/milestones/{key}"
    now = await got(person, path)
    return await person.post(f"{path}/{action}", json=body, headers=if_match(now))


def succeeded(answer: httpx2.Response) -> dict[str, Any]:
    """The document of an answer that must be a success."""
    assert answer.is_success, f"{answer.request.url}: {answer.status_code} {answer.text}"
    document: dict[str, Any] = answer.json()
    return document


def runtime_of(company: Company) -> Runtime:
    """The executor's own runtime."""
    runtime: Runtime = company.platform.embedded.apps["value-executor"].state.runtime
    return runtime


async def events_about(company: Company, plan: dict[str, Any]) -> Sequence[Row[Any]]:
    """What the outbox holds about a plan, in its order, read as the tenant's own unit of work does."""
    async with runtime_of(company).database.unit_of_work(Actor(company.tenant, "test")) as uow:
        statement = select(outbox).where(outbox.c.subject == plan["id"]).order_by(outbox.c.sequence)
        return (await uow.session.execute(statement)).all()


async def told(company: Company, plan: dict[str, Any]) -> list[str]:
    """The names of a plan's events, in their order."""
    return [
        row.type.removeprefix("executor.").removesuffix(".v1") for row in await events_about(company, plan)
    ]
