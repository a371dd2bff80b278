"""The Compose file and the configuration beside it, without Docker: what the directory asks of them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.launcher import rooms
from services.schemas.directory import SERVICES, ServiceIdentity

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.microservices.yml").read_text())
HAPROXY = (ROOT / "infra/haproxy/haproxy.cfg").read_text()

STORES = {"postgres", "redis", "rabbitmq"}
# What a container finds itself, or what only a platform without Consul needs.
NOT_IN_CONTAINERS = {"ADVERTISE_HOST", "PEERS"}

each_service = pytest.mark.parametrize("identity", SERVICES.values(), ids=lambda identity: identity.slug)


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = COMPOSE["services"][name]
    return found


def networks(name: str) -> set[str]:
    return set(service(name)["networks"])


@each_service
def test_a_container_gets_every_setting_that_its_service_reads(identity: ServiceIdentity) -> None:
    """A new setting goes into .env.example and into the service's `environment` in the Compose file."""
    read = {
        field.validation_alias
        if isinstance(field.validation_alias, str)
        else f"{identity.env_prefix}{name}".upper()
        for name, field in rooms.settings_class(identity.key).model_fields.items()
    }
    assert read - NOT_IN_CONTAINERS - set(service(identity.name)["environment"]) == set()


@each_service
def test_a_container_gets_nobody_elses_login(identity: ServiceIdentity) -> None:
    others = tuple(each.env_prefix for each in SERVICES.values() if each != identity)
    given = set(service(identity.name)["environment"])
    assert {name for name in given if name.startswith(others)} == set()
    assert given.isdisjoint({"DATABASE_URL", "RABBITMQ_URL", "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD"})


@each_service
def test_direct_ports_publishes_a_service_for_all_its_replicas(identity: ServiceIdentity) -> None:
    assert "ports" not in service(identity.name)
    variable = f"{identity.env_prefix}DIRECT_PORT"
    published = f"127.0.0.1:${{{variable}:-{identity.direct_port}}}:{identity.direct_port}"
    assert published in service("direct-ports")["ports"]
    section = re.search(rf"\nlisten {identity.name}\n(.*?)(\n\n|$)", HAPROXY, re.DOTALL)
    assert section is not None
    assert f"bind :{identity.direct_port}\n" in section[1]
    assert re.search(rf"server-template replica \d+ {identity.name}:{identity.port}", section[1])
    assert "direct-ports" in service(identity.name)["depends_on"]


@each_service
def test_own_code_runs_as_the_house_says(identity: ServiceIdentity) -> None:
    for name in (identity.name, "migrate"):
        container = service(name)
        assert container["read_only"] is True
        assert container["cap_drop"] == ["ALL"]
        assert container["security_opt"] == ["no-new-privileges:true"]
        assert set(container["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service(identity.name)["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_every_container_has_limits_and_rotates_its_log() -> None:
    for name, container in COMPOSE["services"].items():
        assert container["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name
        assert set(container["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        assert container["restart"] in {"unless-stopped", "no"}, name


def test_the_gateway_alone_is_published_beyond_this_machine() -> None:
    published = {(name, port) for name, each in COMPOSE["services"].items() for port in each.get("ports", ())}
    beyond = {(name, port) for name, port in published if not port.startswith("127.0.0.1:")}
    assert beyond == {("kong", "${GATEWAY_PORT:-8000}:8000")}


def neighbours(name: str) -> set[str]:
    """With whom it shares a network."""
    return {other for other in COMPOSE["services"] if other != name and networks(other) & networks(name)}


OWN = {each.name for each in SERVICES.values()}
WITHIN_DATA = OWN | STORES | {"migrate", "redis-exporter", "postgres-exporter"}


@pytest.mark.parametrize(
    ("store", "others"),
    [
        ("postgres", set()),
        ("redis", {"kong", "consul"}),  # who counts in it, and who tells where it is
        ("rabbitmq", {"prometheus"}),  # which reads its page
    ],
)
def test_only_services_and_what_watches_the_stores_reach_data(store: str, others: set[str]) -> None:
    assert neighbours(store) == (WITHIN_DATA | others) - {store}


@each_service
def test_a_service_is_met_by_those_that_must(identity: ServiceIdentity) -> None:
    beside = {"kong", "consul", "direct-ports", "jaeger", "prometheus"}
    assert neighbours(identity.name) == (WITHIN_DATA | beside) - {identity.name}


def test_grafana_meets_what_it_reads_and_nobody_else() -> None:
    assert neighbours("grafana") == {"prometheus", "jaeger"}


def test_who_comes_by_edge_meets_the_gateway_alone() -> None:
    assert {name for name in COMPOSE["services"] if "edge" in networks(name)} == {"kong"}


def test_kong_finds_replicas_through_consul_at_its_fixed_address() -> None:
    address = service("consul")["networks"]["services"]["ipv4_address"]
    assert service("kong")["environment"]["KONG_DNS_RESOLVER"] == f"{address}:8600"
    for identity in SERVICES.values():
        assert service(identity.name)["extra_hosts"] == [f"consul:{address}"]


def test_kong_asks_again_soon_for_what_was_not_found_and_keeps_what_it_knew() -> None:
    """Stale answers carry it over a Consul that is away; Kong keeps them for an hour by itself."""
    environment = service("kong")["environment"]
    assert (environment["KONG_DNS_ERROR_TTL"], environment["KONG_DNS_NOT_FOUND_TTL"]) == ("1", "1")
    assert environment["KONG_DNS_VALID_TTL"] == "2"  # of Redis and Jaeger Docker would say ten minutes
    assert "KONG_DNS_STALE_TTL" not in environment


def test_consul_s_answers_hold_some_seconds_and_it_passes_other_names_on() -> None:
    """With a TTL of zero, Kong takes all replicas of a service for one."""
    told = json.loads((ROOT / "infra/consul/consul.json").read_text())
    ttl = {**told["dns_config"]["service_ttl"], "node": told["dns_config"]["node_ttl"]}
    assert set(ttl) == {"*", "node"}
    for name, value in ttl.items():
        assert re.fullmatch("[1-5]s", value), name
    assert told["recursors"] == ["127.0.0.11"]  # Docker's own name service


def test_kong_traces_every_request() -> None:
    environment = service("kong")["environment"]
    assert environment["KONG_TRACING_INSTRUMENTATIONS"] == "request,balancer"
    assert environment["KONG_TRACING_SAMPLING_RATE"] == "1.0"


def test_kong_listens_where_it_is_published_and_scraped() -> None:
    environment = service("kong")["environment"]
    assert environment["KONG_DATABASE"] == "off"
    assert environment["KONG_PROXY_LISTEN"].split()[0] == "0.0.0.0:8000"
    assert environment["KONG_ADMIN_LISTEN"] == "0.0.0.0:8001"
    assert environment["KONG_ADMIN_GUI_LISTEN"] == "off"
    assert environment["KONG_STATUS_LISTEN"] == "0.0.0.0:8100"


def test_kong_ends_in_grace_and_writes_to_memory_alone() -> None:
    kong = service("kong")
    assert kong["stop_signal"] == "SIGQUIT"
    assert kong["environment"]["KONG_NGINX_DAEMON"] == "off"
    assert (kong["user"], kong["read_only"], kong["cap_drop"]) == ("10001", True, ["ALL"])
    prefix = kong["environment"]["KONG_PREFIX"]
    assert kong["tmpfs"] == ["/tmp", f"{prefix}:uid={kong['user']},mode=0700"]  # noqa: S108  # Kong's own choice
    assert kong["environment"]["KONG_DECLARATIVE_CONFIG"].startswith(f"{prefix}/")


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.microservices.yml").read_text()
    for name, default in re.findall(r"\$\{([A-Z_]*(?:PASSWORD|SECRET))(:[-?][^}]*)\}", text):
        assert default == ":-" or default.startswith(":?"), name


def test_images_are_pinned() -> None:
    for name, container in COMPOSE["services"].items():
        if "build" not in container:
            assert re.search(r":v?\d", container["image"]), name
