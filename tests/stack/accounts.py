"""Something to find again: an account, made and read through the gateway."""

from typing import Any
from uuid import uuid4

from tests.stack.engine import Stack


def made_account(stack: Stack) -> dict[str, Any]:
    body = {"name": f"Nordwerk {uuid4().hex[:8]}", "industry": "manufacturing", "currency": "EUR"}
    with stack.client("value-engineer") as somebody:
        made = somebody.post("/api/v1/architect/accounts", json=body)
    assert made.status_code == 201
    account: dict[str, Any] = made.json()
    return account


def found_account(stack: Stack, account: dict[str, Any]) -> Any:
    with stack.client("value-engineer") as somebody:
        return somebody.get(f"/api/v1/architect/accounts/{account['id']}").json()
