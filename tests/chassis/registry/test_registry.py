"""Whichever registry a service stands on: what its peers may rely on."""

from collections.abc import AsyncIterator

import pytest

from services.chassis.registry import (
    Address,
    ConsulRegistry,
    Instance,
    KeepRegistered,
    Registry,
    StaticRegistry,
)
from tests.chassis.http_server import serving
from tests.chassis.registry.consul_agent import ConsulAgent

FIRST = Instance("value-architect-1", "value-architect", Address("10.0.0.1", 8001))
SECOND = Instance("value-architect-2", "value-architect", Address("10.0.0.2", 8001))


@pytest.fixture(params=["static", "consul"])
async def registry(request: pytest.FixtureRequest) -> AsyncIterator[Registry]:
    """A registry in which two architects stand."""
    if request.param == "static":
        yield StaticRegistry({FIRST.name: [FIRST.address, SECOND.address]})
        return
    async with serving(ConsulAgent().app) as address:
        registry = ConsulRegistry(address.url)
        await registry.register(FIRST)
        await registry.register(SECOND)
        yield registry
        await registry.close()


async def test_every_instance_is_found(registry: Registry) -> None:
    for _ in range(2):
        assert await registry.resolve("value-architect") == [FIRST.address, SECOND.address]


async def test_of_what_nobody_knows_there_is_no_instance(registry: Registry) -> None:
    assert await registry.resolve("nobody") == []


async def test_a_registry_that_is_there_answers(registry: Registry) -> None:
    await registry.ping()


async def test_registering_and_leaving_may_be_repeated(registry: Registry) -> None:
    for _ in range(2):
        await registry.register(FIRST)
        await KeepRegistered(registry, FIRST).run_once()
    assert await registry.is_registered(FIRST.id)
    for _ in range(2):
        await registry.deregister(FIRST.id)
    assert SECOND.address in await registry.resolve("value-architect")
