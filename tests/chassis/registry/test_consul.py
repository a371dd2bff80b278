from collections.abc import AsyncIterator

import pytest

from services.chassis.clock import MovableClock
from services.chassis.registry import Address, ConsulRegistry, Instance, KeepRegistered, RegistryAway, consul
from tests.chassis.http_server import serving
from tests.chassis.registry.consul_agent import ConsulAgent
from tests.harness.logs import logged_by

FIRST = Instance("value-architect-1", "value-architect", Address("10.0.0.1", 8001))
SECOND = Instance("value-architect-2", "value-architect", Address("10.0.0.2", 8001))


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def agent() -> ConsulAgent:
    return ConsulAgent()


@pytest.fixture
async def registry(agent: ConsulAgent, clock: MovableClock) -> AsyncIterator[ConsulRegistry]:
    async with serving(agent.app) as address:
        made = ConsulRegistry(f"{address.host}:{address.port}", clock=clock)
        yield made
        await made.close()


async def test_an_instance_registers_as_passing_with_its_check(
    registry: ConsulRegistry, agent: ConsulAgent
) -> None:
    await registry.register(FIRST)
    assert agent.registered[FIRST.id] == {
        "ID": "value-architect-1",
        "Name": "value-architect",
        "Address": "10.0.0.1",
        "Port": 8001,
        "Check": {
            "HTTP": "http://10.0.0.1:8001/health/ready",
            "Interval": "2s",
            "Timeout": "3s",
            "DeregisterCriticalServiceAfter": "1m",
            "Status": "passing",
        },
    }
    assert await registry.is_registered(FIRST.id)
    await registry.deregister(FIRST.id)
    assert not await registry.is_registered(FIRST.id)
    await registry.deregister(FIRST.id)


async def test_healthy_instances_are_found_and_the_answer_is_used_for_a_while(
    registry: ConsulRegistry, agent: ConsulAgent, clock: MovableClock
) -> None:
    await registry.register(FIRST)
    await registry.register(SECOND)
    assert await registry.resolve("value-architect") == [FIRST.address, SECOND.address]
    agent.critical.add(FIRST.id)
    assert await registry.resolve("value-architect") == [FIRST.address, SECOND.address]
    clock.advance(2)
    assert await registry.resolve("value-architect") == [SECOND.address]
    agent.critical.add(SECOND.id)
    clock.advance(2)
    assert await registry.resolve("value-architect") == [], "none is healthy: that is an answer too"


async def test_a_service_without_an_address_has_its_nodes(
    registry: ConsulRegistry, agent: ConsulAgent
) -> None:
    await registry.register(Instance("id", "value-architect", Address("", 8001)))
    assert await registry.resolve("value-architect") == [Address("172.20.0.2", 8001)]
    assert agent.asked[-1] == "/v1/health/service/value-architect"


async def test_while_the_agent_is_away_the_last_known_addresses_hold(
    registry: ConsulRegistry, agent: ConsulAgent, clock: MovableClock
) -> None:
    await registry.register(FIRST)
    assert await registry.resolve("value-architect") == [FIRST.address]
    agent.broken = True
    clock.advance(2)
    with logged_by(consul) as logged:
        assert await registry.resolve("value-architect") == [FIRST.address]
        asked = len(agent.asked)
        assert await registry.resolve("value-architect") == [FIRST.address]
        assert len(agent.asked) == asked, "nor is it asked at every call"
        assert await registry.resolve("calculation-engine") == [Address("calculation-engine", 8005)]
        agent.broken = False
        clock.advance(2)
        await registry.resolve("value-architect")
    assert logged.events == ["registry_away", "registry_back"]


async def test_every_question_says_that_the_agent_is_away(
    registry: ConsulRegistry, agent: ConsulAgent
) -> None:
    await registry.ping()
    agent.broken = True
    for question in (
        registry.ping(),
        registry.register(FIRST),
        registry.deregister(FIRST.id),
        registry.is_registered(FIRST.id),
    ):
        with pytest.raises(RegistryAway):
            await question


async def test_an_instance_that_the_agent_forgot_registers_again(
    registry: ConsulRegistry, agent: ConsulAgent
) -> None:
    keeper = KeepRegistered(registry, FIRST)
    await keeper.run_once()
    assert FIRST.id in agent.registered
    agent.registered.clear()
    await keeper.run_once()
    assert FIRST.id in agent.registered
    asked = len(agent.asked)
    await keeper.run_once()
    assert agent.asked[asked:] == ["/v1/agent/services"]


async def test_an_agent_that_is_not_there_is_away() -> None:
    async with serving(ConsulAgent().app) as address:
        pass
    registry = ConsulRegistry(address.url)
    with pytest.raises(RegistryAway):
        await registry.ping()
    assert await registry.resolve("value-architect") == [Address("value-architect", 8001)]
    await registry.close()
