"""The demo's REST client: people of one tenant, each with a token, who expect their requests to succeed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2

from services.chassis.tokens import mint_development_token
from services.launcher.errors import CannotStart

_PATIENCE_S = 60.0


class DemoFailed(CannotStart):
    """The platform answered what the story did not expect."""


class Person:
    """Somebody with a token, calling the gateway."""

    def __init__(self, client: httpx2.AsyncClient, sub: str, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}
        self.sub = sub

    async def get(self, path: str, **query: str) -> Any:
        """What stands at a path. Raises DemoFailed."""
        return await self._call("GET", path, params=query)

    async def post(self, path: str, body: Any = None, *, revision: int | None = None) -> Any:
        """The answer to a POST; `revision` is the one that was read. Raises DemoFailed."""
        return await self._call("POST", path, json=body, headers=_if_match(revision))

    async def put(self, path: str, body: Any, *, revision: int) -> Any:
        """The answer to a PUT on the revision that was read. Raises DemoFailed."""
        return await self._call("PUT", path, json=body, headers=_if_match(revision))

    async def _call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **rest: Any
    ) -> Any:
        answer = await self._client.request(
            method, path, headers={**self._headers, **(headers or {})}, **rest
        )
        if answer.is_error:
            problem = answer.json()
            raise DemoFailed(f"{method} {path} was answered {answer.status_code}: {problem['detail']}")
        return answer.json()


def _if_match(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}


class Gateway:
    """The gateway of a running platform, and the people of one tenant before it."""

    def __init__(self, client: httpx2.AsyncClient, secret: str, tenant: UUID) -> None:
        self._client = client
        self._secret = secret
        self._tenant = tenant

    def person(self, sub: str, *roles: str) -> Person:
        """Somebody of the tenant, with a development token for an hour."""
        token = mint_development_token(
            secret=self._secret,
            tenant=self._tenant,
            sub=sub,
            roles=roles,
            ttl=timedelta(hours=1),
            now=datetime.now(UTC),
        )
        return Person(self._client, sub, token)


@asynccontextmanager
async def gateway(base_url: str, secret: str, tenant: UUID) -> AsyncIterator[Gateway]:
    """The gateway, for the length of the block."""
    async with httpx2.AsyncClient(base_url=base_url, timeout=_PATIENCE_S, trust_env=False) as client:
        yield Gateway(client, secret, tenant)
