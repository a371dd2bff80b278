"""The gateway's file says where each service is and what of it is open, in the form that Kong asks for."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.launcher.routes import KONG_YML, GatewayRoute, gateway_routes
from services.schemas.directory import SERVICES, ServiceIdentity

DOCUMENT: dict[str, Any] = yaml.safe_load(KONG_YML.read_text())
OPEN = ["health", "health/ready", "docs", "docs/swagger-ui.css", "docs/favicon-32x32.png", "openapi.json"]
CLOSED = [
    "",
    "healthz",
    "health/",
    "health/x",
    "health/ready/x",
    "docs/",
    "docs/a/b",
    "docs/A",
    "openapi_json",
    "openapi.json/x",
    "metrics",
    "things/health",
]

each_service = pytest.mark.parametrize("identity", SERVICES.values(), ids=lambda identity: identity.slug)


def first_match(method: str, path: str) -> GatewayRoute | None:
    return next((route for route in gateway_routes() if route.matches(method, path)), None)


@each_service
def test_a_service_is_where_consul_finds_it(identity: ServiceIdentity) -> None:
    entry = next(each for each in DOCUMENT["services"] if each["name"] == identity.name)
    assert (entry["host"], entry["port"]) == (f"{identity.name}.service.consul", identity.port)
    every, opened, *inbound = [route["name"] for route in entry["routes"]]
    assert (every, opened) == (f"{identity.slug}-api", f"{identity.slug}-open")
    assert inbound in ([], [f"{identity.slug}-hooks-open"])


def test_every_route_keeps_the_path_and_states_a_regex_with_an_end() -> None:
    assert DOCUMENT["_format_version"] == "3.0"
    for service in DOCUMENT["services"]:
        for route in service["routes"]:
            assert route["strip_path"] is False
            assert all(path.startswith("~/api/v1/") and "$" in path for path in route["paths"])


@each_service
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", OPEN)
def test_these_are_open(identity: ServiceIdentity, method: str, path: str) -> None:
    route = first_match(method, f"{identity.prefix}/{path}")
    assert route is not None
    assert (route.service, route.is_open) == (identity.name, True)


@each_service
@pytest.mark.parametrize("path", CLOSED)
def test_every_other_path_of_a_service_is_behind_the_token(identity: ServiceIdentity, path: str) -> None:
    route = first_match("GET", f"{identity.prefix}/{path}")
    assert route is not None
    assert (route.service, route.is_open) == (identity.name, False)


@each_service
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_an_open_path_is_open_to_readers_alone(identity: ServiceIdentity, method: str) -> None:
    route = first_match(method, f"{identity.prefix}/health")
    assert route is not None
    assert not route.is_open


def file_of(tmp_path: Path, *paths: tuple[str, int]) -> Path:
    routes = [
        {"name": path, "paths": [path], "strip_path": False, "regex_priority": priority}
        for path, priority in paths
    ]
    file = tmp_path / "kong.yml"
    file.write_text(yaml.safe_dump({"services": [{"name": "a", "routes": routes}]}))
    return file


def test_routes_are_tried_by_priority_and_then_the_longer_first(tmp_path: Path) -> None:
    file = file_of(tmp_path, ("~/a", 0), ("~/a/b", 0), ("~/c", 5))
    assert [route.name for route in gateway_routes(file)] == ["~/c", "~/a/b", "~/a"]


def test_a_plain_prefix_is_refused_as_it_would_match_half_a_segment(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="segment boundary"):
        gateway_routes(file_of(tmp_path, ("/api/v1/architect", 0)))
