"""Consul by its HTTP API: five endpoints of the agent, the last known answer while it is away."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
import structlog
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from services.chassis.clock import SYSTEM_CLOCK, Clock
from services.chassis.plain_http import no_tls
from services.chassis.registry.base import Address, Instance, RegistryAway
from services.chassis.registry.static import StaticRegistry

T = TypeVar("T")

log = structlog.get_logger(__name__)

_TIMEOUT_S = 2.0
_FRESH_FOR_S = 2.0
# A dead or frozen replica is out within interval, time-out and the two seconds of an answer's freshness. The
# time-out is longer than readiness itself takes with a dependency frozen, which degrades and no more.
_CHECK_INTERVAL = "2s"
_CHECK_TIMEOUT = "3s"
_FORGET_CRITICAL_AFTER = "1m"


class _Node(BaseModel):
    address: str = Field(alias="Address")


class _Service(BaseModel):
    address: str = Field(alias="Address")
    port: int = Field(alias="Port")


class _Healthy(BaseModel):
    """One row of /v1/health/service; a service without an address has its node's."""

    node: _Node = Field(alias="Node")
    service: _Service = Field(alias="Service")

    def reached_at(self) -> Address:
        return Address(self.service.address or self.node.address, self.service.port)


_HEALTHY = TypeAdapter(list[_Healthy])
_SERVICES_BY_ID = TypeAdapter(dict[str, Any])


class ConsulRegistry:
    """The agent at `address` (`host:port` or a URL).

    An answer is used for two seconds before the agent is asked again. A service that the agent was never able
    to tell is looked for by its host name.
    """

    def __init__(self, address: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._client = httpx2.AsyncClient(
            base_url=address if "://" in address else f"http://{address}",
            verify=True if address.startswith("https://") else no_tls(),
            timeout=_TIMEOUT_S,
            trust_env=False,
        )
        self._clock = clock
        self._by_name = StaticRegistry({})
        self._known: dict[str, Sequence[Address]] = {}
        self._asked_at: dict[str, float] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._away = False

    async def register(self, instance: Instance) -> None:
        await self._ask(
            "PUT",
            "/v1/agent/service/register",
            json={
                "ID": instance.id,
                "Name": instance.name,
                "Address": instance.address.host,
                "Port": instance.address.port,
                "Check": {
                    "HTTP": instance.address.url + instance.health_path,
                    "Interval": _CHECK_INTERVAL,
                    "Timeout": _CHECK_TIMEOUT,
                    "DeregisterCriticalServiceAfter": _FORGET_CRITICAL_AFTER,
                    # It registers when it is ready: without this it would be critical until the first check.
                    "Status": "passing",
                },
            },
        )

    async def deregister(self, instance_id: str) -> None:
        try:
            await self._ask("PUT", f"/v1/agent/service/deregister/{quote(instance_id, safe='')}")
        except RegistryAway:
            # Newer agents answer 404 to an id that they do not know; being away is another matter.
            if await self.is_registered(instance_id):
                raise

    async def is_registered(self, instance_id: str) -> bool:
        answer = await self._ask("GET", "/v1/agent/services")
        return instance_id in _parsed(_SERVICES_BY_ID, answer)

    async def resolve(self, name: str) -> Sequence[Address]:
        async with self._asking[name]:
            if not self._is_fresh(name):
                self._asked_at[name] = self._clock.monotonic()
                await self._refresh(name)
        known = self._known.get(name)
        return await self._by_name.resolve(name) if known is None else known

    async def ping(self) -> None:
        await self._ask("GET", "/v1/status/leader")

    async def close(self) -> None:
        await self._client.aclose()

    def _is_fresh(self, name: str) -> bool:
        asked_at = self._asked_at.get(name)
        return asked_at is not None and self._clock.monotonic() - asked_at < _FRESH_FOR_S

    async def _refresh(self, name: str) -> None:
        try:
            answer = await self._ask("GET", f"/v1/health/service/{quote(name, safe='')}", passing="1")
            self._known[name] = [row.reached_at() for row in _parsed(_HEALTHY, answer)]
        except RegistryAway as error:
            if not self._away:
                log.warning("registry_away", error=str(error))
            self._away = True
        else:
            if self._away:
                log.info("registry_back")
            self._away = False

    async def _ask(self, method: str, path: str, *, json: Any = None, **query: str) -> bytes:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                answer = await self._client.request(method, path, json=json, params=query)
                answer.raise_for_status()
        except (httpx2.HTTPError, TimeoutError) as error:
            raise RegistryAway(f"{method} {path}: {error!r}") from error
        return answer.content


def _parsed(kind: TypeAdapter[T], answer: bytes) -> T:
    try:
        return kind.validate_json(answer)
    except ValidationError as error:
        raise RegistryAway(f"an answer that is not Consul's: {error.error_count()} errors") from error
