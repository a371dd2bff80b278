"""Who reaches whom, tried from inside the containers' networks; and who is found under which name."""

import ipaddress
import socket

import httpx2
import pytest

from services.schemas.directory import SERVICES
from tests.stack.engine import Stack

pytestmark = pytest.mark.stack

STORES = {"postgres": 5432, "redis": 6379, "rabbitmq": 5672}
OWN = {identity.name: identity.port for identity in SERVICES.values()}
_TRY = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def opens(target):
    try:
        socket.create_connection((target[1], target[2]), 2).close()
    except OSError:
        return None
    return target[0]

targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(sorted({name for name in pool.map(opens, targets) if name})))
"""


def opened(stack: Stack, where: str, targets: dict[str, int]) -> set[str]:
    """Which services' ports open for a newcomer in a container's own network, by name or by any address."""
    tried = [(name, name, port) for name, port in targets.items()]
    for name, port in targets.items():
        (container,) = stack.containers(name)
        found = stack.inspect(container)["NetworkSettings"]["Networks"].values()
        tried += [(name, each["IPAddress"], port) for each in found]
    return stack.newcomer(where, _TRY, tried)


@pytest.mark.parametrize(
    ("source", "reached"),
    [
        ("kong", {"redis"}),
        ("prometheus", {"rabbitmq"}),  # whose own page it reads
        ("jaeger", set()),
        ("consul", {"redis"}),
        ("value-architect", {"postgres", "redis", "rabbitmq"}),
    ],
)
def test_stores_are_reached_by_those_that_need_them(stack: Stack, source: str, reached: set[str]) -> None:
    (container,) = stack.containers(source)
    assert opened(stack, f"container:{container}", STORES) == reached


def test_who_comes_by_edge_meets_the_gateway_alone(stack: Stack) -> None:
    edge = f"{stack.project}_edge"
    everything = {**STORES, **OWN, "consul": 8500, "prometheus": 9090, "jaeger": 16686, "direct-ports": 8011}
    assert opened(stack, edge, {**everything, "kong": 8000}) == {"kong"}


def test_grafana_s_place_has_what_it_reads_and_nothing_else(stack: Stack) -> None:
    others = {**STORES, **OWN, "consul": 8500, "kong": 8000}
    read = {"prometheus": 9090, "jaeger": 16686}
    assert opened(stack, f"{stack.project}_pages", {**others, **read}) == set(read)


def test_from_another_machine_the_gateway_alone_answers(stack: Stack) -> None:
    """As Docker publishes: on every address the gateway's port, on loopback all others."""
    anywhere = set()
    for container in stack.docker("ps", "--quiet", "--filter", stack.label).split():
        told = stack.inspect(container)["NetworkSettings"]["Ports"]
        for port, places in told.items():
            for place in places or ():
                if not ipaddress.ip_address(place["HostIp"]).is_loopback:
                    anywhere.add((port, place["HostPort"]))
    assert anywhere == {("8000/tcp", stack.environment["GATEWAY_PORT"])}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))  # nothing is sent: it tells by which address others come
        address = asking.getsockname()[0]
    assert not ipaddress.ip_address(address).is_loopback
    beyond = f"http://{address}:{stack.environment['GATEWAY_PORT']}/api/v1/architect/health"
    assert httpx2.get(beyond, trust_env=False).json() == {"status": "healthy"}
    for identity in SERVICES.values():
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(
                (address, int(stack.environment[f"{identity.env_prefix}DIRECT_PORT"])), 5
            )
