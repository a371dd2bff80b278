"""What API tests of the architect begin with: two unlike accounts, and the way to an accepted hypothesis."""

from typing import Any

import httpx2

ARCHITECT = "/api/v1/architect"
ACCOUNTS = f"{ARCHITECT}/accounts"
DRIVERS = f"{ARCHITECT}/drivers"
HYPOTHESES = f"{ARCHITECT}/hypotheses"
MODELS = f"{ARCHITECT}/models"

PUMPS: dict[str, Any] = {
    "name": "Nordwerk Pumps",
    "industry": "manufacturing",
    "currency": "EUR",
    "employees": 1800,
    "annual_revenue": {"amount": "420000000.00", "currency": "EUR"},
    "pains": ["downtime", "quality"],
    "stakeholders": [{"name": "Jana Lindqvist", "persona": "plant_manager"}],
}
BANK: dict[str, Any] = {
    "name": "Harbour Savings",
    "industry": "financial_services",
    "currency": "EUR",
    "employees": 4000,
    "annual_revenue": {"amount": "900000000.00", "currency": "EUR"},
    "pains": ["slow_onboarding", "false_alarms"],
    "stakeholders": [{"name": "Ruth Adeyemi", "persona": "head_of_compliance"}],
}

# Worth 1000 a year from the first period on, at no uncertainty; with no discounting, all by hand.
PLAIN_MODEL: dict[str, Any] = {
    "currency": "EUR",
    "horizon": {"periods": 3, "period_length": "year"},
    "discount_rate": 0.1,
    "inputs": {
        "hours": {"label": "Hours saved", "unit": "hours/year", "value": 200, "evidence": "measured"},
        "hourly_cost": {"label": "Hourly cost", "unit": "EUR", "value": 50, "evidence": "customer-stated"},
    },
    "drivers": [
        {
            "key": "time",
            "label": "Time saved",
            "category": "operations",
            "realisation": "cashable",
            "formula": "hours * hourly_cost",
        }
    ],
    "costs": [{"key": "fee", "label": "Fee", "initial": "5000", "recurring": "2000"}],
}


def if_match(resource: dict[str, Any]) -> dict[str, str]:
    """The header that names the revision which was read."""
    return {"If-Match": f'"{resource["revision"]}"'}


async def posted(client: httpx2.AsyncClient, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    """The answer's document, of a POST that must succeed."""
    answer = await client.post(path, json=body, headers=headers)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    document: dict[str, Any] = answer.json()
    return document


async def got(client: httpx2.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    """The answer's document, of a GET that must succeed."""
    answer = await client.get(path, params=params)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    document: dict[str, Any] = answer.json()
    return document


async def proposed(
    client: httpx2.AsyncClient, account: dict[str, Any], **options: Any
) -> list[dict[str, Any]]:
    """A new account's hypotheses, best first."""
    made = await posted(client, ACCOUNTS, account)
    found = await posted(client, f"{HYPOTHESES}/generate", {"account_id": made["id"], **options})
    items: list[dict[str, Any]] = found["items"]
    return items


async def accepted(client: httpx2.AsyncClient, hypothesis: dict[str, Any]) -> dict[str, Any]:
    """The hypothesis, accepted."""
    return await posted(client, f"{HYPOTHESES}/{hypothesis['id']}/accept", None, **if_match(hypothesis))


async def drafted(client: httpx2.AsyncClient, document: dict[str, Any] = PLAIN_MODEL) -> dict[str, Any]:
    """A model of a new account, made from a document."""
    account = await posted(client, ACCOUNTS, PUMPS)
    body = {"source": "document", "account_id": account["id"], "name": "Time saved", "document": document}
    return await posted(client, MODELS, body)


async def step(
    client: httpx2.AsyncClient, model: dict[str, Any], action: str, body: Any = None
) -> dict[str, Any]:
    """The model after one step of its review."""
    return await posted(client, f"{MODELS}/{model['id']}/{action}", body, **if_match(model))
