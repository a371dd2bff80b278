"""A promise's whole life on some platform, and the wait until all that follows from it has happened."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2

from services.launcher.audit import Audit, audit
from services.launcher.demo.gateway import Gateway
from services.launcher.demo.lifecycle import walk
from services.launcher.demo.people import People
from tests.harness.platform import SECRETS
from tests.harness.waiting import eventually


async def lived(
    client: httpx2.AsyncClient, tenant: UUID, *, secret: str = SECRETS.jwt_secret
) -> dict[str, Any]:
    """Walks a tenant's life by a client of the gateway; what the last step of each name made."""
    people = People.of(Gateway(client, secret, tenant))
    return {step.name: step.made async for step in walk(people)}


async def until_consistent(owner_url: str, tenant: UUID, *, within_s: float = 30) -> Audit:
    """The audit of a tenant once nothing is under way any more, and nothing is wrong with it."""
    found = await audit(owner_url, patience=timedelta(0), tenant=tenant)

    async def look() -> Audit | None:
        nonlocal found
        found = await audit(owner_url, patience=timedelta(0), tenant=tenant)
        return None if found.findings else found

    try:
        return await eventually(look, within_s=within_s)
    except TimeoutError:
        raise AssertionError("\n".join(map(str, found.findings))) from None
