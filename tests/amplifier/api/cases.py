"""What API tests of the amplifier begin with: an approved model, a success plan on it, and measurements.

The model is worth 1000 times the hours saved a year: with a quarter's mean of h hours, a quarter of the year
brings 250 h, of which the risk adjustment counts 80 %: 200 h.
"""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import Row, select

from services.chassis.actor import Actor
from services.chassis.runtime import Runtime
from services.chassis.tables import outbox
from tests.harness.platform import Company
from tests.harness.waiting import eventually

PLANS = "/api/v1/amplifier/success-plans"
ARCHITECT = "/api/v1/architect"

MODEL: dict[str, Any] = {
    "currency": "EUR",
    "horizon": {"periods": 8, "period_length": "quarter"},
    "discount_rate": 0.1,
    "inputs": {
        "hours": {"label": "Hours lost", "unit": "hours/month", "value": 10, "evidence": "measured"},
        "share": {"label": "Share of scrap", "unit": "share", "value": 0.02, "evidence": "assumption"},
    },
    "drivers": [
        {
            "key": "downtime",
            "label": "Fewer stops",
            "category": "operations",
            "realisation": "cashable",
            "formula": "1000 * (20 - hours)",
            "risk_adjustment": 0.2,
            "kpi": {
                "input": "hours",
                "metric": "downtime_hours",
                "unit": "hours/month",
                "direction": "decrease",
                "aggregation": "mean",
            },
        },
        {
            "key": "scrap",
            "label": "Less scrap",
            "category": "operations",
            "realisation": "cashable",
            "formula": "1000000 * (0.03 - share)",
            "kpi": {
                "input": "share",
                "metric": "scrap_share",
                "unit": "share",
                "direction": "decrease",
                "aggregation": "last",
            },
        },
        {
            "key": "unmeasured",
            "label": "Better mood",
            "category": "people",
            "realisation": "avoidance",
            "formula": "1",
        },
    ],
}

QUARTERS = [
    {"key": "2026-Q1", "start": "2026-01-01", "end": "2026-04-01"},
    {"key": "2026-Q2", "start": "2026-04-01", "end": "2026-07-01"},
]


def downtime(**changes: Any) -> dict[str, Any]:
    """From 20 hours to 10: with a tolerance of a tenth, 11 hours will do."""
    return {
        "id": str(uuid4()),
        "key": "fewer_stops",
        "label": "Fewer stops",
        "driver_key": "downtime",
        "metric": "downtime_hours",
        "unit": "hours/month",
        "direction": "decrease",
        "baseline": "20",
        "target": "10",
        "tolerance": "0.1",
        "due_period": "2026-Q2",
        "measured_by": "The line log.",
        "committed": ["1000.00", "1800.00"],
        **changes,
    }


def scrap(**changes: Any) -> dict[str, Any]:
    """The second commitment, due a quarter earlier."""
    return downtime(
        **{
            "key": "less_scrap",
            "label": "Less scrap",
            "driver_key": "scrap",
            "metric": "scrap_share",
            "unit": "share",
            "baseline": "0.03",
            "target": "0.02",
            "tolerance": "0",
            "due_period": "2026-Q1",
            "committed": ["2500.00", "2500.00"],
            **changes,
        }
    )


def planned(model: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The body that makes a plan for a contract nobody has seen, on an approved model."""
    return {
        "contract_id": str(uuid4()),
        "name": "Fewer stops",
        "owner": "sam",
        "model_id": model["id"],
        "version_hash": model["current"]["version_hash"],
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "periods": QUARTERS,
        "commitments": [downtime(), scrap()],
        **changes,
    }


async def approved(company: Company, document: dict[str, Any] = MODEL) -> dict[str, Any]:
    """A model of a new account, approved by a second person."""
    ada, ben = company.person("ada", "value-engineer"), company.person("ben", "approver")
    account = {"name": "Nordwerk", "industry": "manufacturing", "currency": "EUR"}
    made = succeeded(await ada.post(f"{ARCHITECT}/accounts", json=account))
    body = {"source": "document", "account_id": made["id"], "name": "Fewer stops", "document": document}
    model = succeeded(await ada.post(f"{ARCHITECT}/models", json=body))
    path = f"{ARCHITECT}/models/{model['id']}"
    model = succeeded(await ada.post(f"{path}/request-review", headers=if_match(model)))
    return succeeded(await ben.post(f"{path}/approve", headers=if_match(model)))


async def made(company: Company, **changes: Any) -> dict[str, Any]:
    """A new plan, whose model is still to be fetched."""
    sam = company.person("sam", "success-lead")
    return succeeded(await sam.post(PLANS, json=planned(await approved(company), **changes)))


async def settled(person: httpx2.AsyncClient, plan: dict[str, Any]) -> dict[str, Any]:
    """The plan when its model has been asked for."""

    async def look() -> dict[str, Any] | None:
        now = await got(person, f"{PLANS}/{plan['id']}")
        return None if now["state"] == "fetching" else now

    return await eventually(look)


async def active(company: Company, **changes: Any) -> dict[str, Any]:
    """A new plan that can be measured."""
    plan = await settled(company.person("sam", "success-lead"), await made(company, **changes))
    assert plan["state"] == "active", plan["findings"]
    return plan


def reading(month: str, value: str, recorded_on: str, metric: str = "downtime_hours") -> dict[str, str]:
    return {"metric": metric, "month": month, "value": value, "recorded_on": recorded_on}


# A mean of 14 hours and a last share of 0.02: worth 1200 and 2500.
FIRST_QUARTER = [
    reading("2026-01", "16", "2026-02-03"),
    reading("2026-02", "14", "2026-03-03"),
    reading("2026-03", "12", "2026-04-03"),
    reading("2026-01", "0.026", "2026-02-03", "scrap_share"),
    reading("2026-03", "0.02", "2026-04-03", "scrap_share"),
]


async def measured(
    person: httpx2.AsyncClient, plan: dict[str, Any], rows: Sequence[dict[str, str]] = FIRST_QUARTER
) -> dict[str, Any]:
    """What became of some rows."""
    path = f"{PLANS}/{plan['id']}/measurements"
    return succeeded(await person.post(path, json={"rows": list(rows)}))


async def stepped(
    person: httpx2.AsyncClient, plan: dict[str, Any], action: str, period: str = "2026-Q1"
) -> httpx2.Response:
    """The answer to one step of a period, at its revision of now."""
    path = f"{PLANS}/{plan['id']}/periods/{period}"
    now = await got(person, path)
    return await person.post(f"{path}/{action}", headers=if_match(now))


async def closed(company: Company, plan: dict[str, Any], period: str = "2026-Q1") -> dict[str, Any]:
    """The period, reviewed and closed by two people."""
    sam, grace = company.person("sam", "success-lead"), company.person("grace", "approver")
    succeeded(await stepped(sam, plan, "request-review", period))
    return succeeded(await stepped(grace, plan, "close", period))


def if_match(resource: dict[str, Any]) -> dict[str, str]:
    """The header that names the revision which was read."""
    return {"If-Match": f'"{resource["revision"]}"'}


async def got(person: httpx2.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    """The answer's document, of a GET that must succeed."""
    return succeeded(await person.get(path, params=params))


def succeeded(answer: httpx2.Response) -> dict[str, Any]:
    """The document of an answer that must be a success."""
    assert answer.is_success, f"{answer.request.url}: {answer.status_code} {answer.text}"
    document: dict[str, Any] = answer.json()
    return document


def refused(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of an answer that must be a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def runtime_of(company: Company) -> Runtime:
    """The amplifier's own runtime."""
    runtime: Runtime = company.platform.embedded.apps["value-amplifier"].state.runtime
    return runtime


async def events_about(company: Company, plan: dict[str, Any]) -> Sequence[Row[Any]]:
    """What the outbox holds about a plan, in its order, read as the tenant's own unit of work does."""
    async with runtime_of(company).database.unit_of_work(Actor(company.tenant, "test")) as uow:
        statement = select(outbox).where(outbox.c.subject == plan["id"]).order_by(outbox.c.sequence)
        return (await uow.session.execute(statement)).all()


async def told(company: Company, plan: dict[str, Any]) -> list[str]:
    """The names of a plan's events, in their order."""
    return [
        row.type.removeprefix("amplifier.").removesuffix(".v1") for row in await events_about(company, plan)
    ]
