"""kong.yml, against the fields that a Kong 3.9 was seen to take, and what the gateway must guarantee."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.chassis.tokens import DEVELOPMENT_ISSUER, INTERNAL_ISSUER
from services.chassis.transaction import BODY_LIMIT, DEFAULT_BODY_LIMIT
from services.schemas.directory import SERVICES, ServiceIdentity
from tests.gateway.rendering import COMPLETE, rendered

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT: dict[str, Any] = yaml.safe_load(rendered(COMPLETE).stdout)

# Accepted by Kong 3.9.3's `config parse`, or in its schema; another name there is an error at start.
FIELDS: dict[str, set[str]] = {
    "jwt": {"key_claim_name", "claims_to_verify", "maximum_expiration", "uri_param_names", "realm"},
    "rate-limiting": {"minute", "limit_by", "header_name", "policy", "fault_tolerant", "redis"},
    "pre-function": {"access"},
    "post-function": {"header_filter", "body_filter"},
    "cors": {
        *("origins", "methods", "headers", "exposed_headers", "credentials", "max_age"),
        "preflight_continue",
    },
    "request-size-limiting": {"allowed_payload_size", "size_unit", "require_content_length"},
    "correlation-id": {"header_name", "generator", "echo_downstream"},
    "prometheus": {
        *("status_code_metrics", "latency_metrics", "bandwidth_metrics", "upstream_health_metrics"),
        "per_consumer",
    },
    "opentelemetry": {"traces_endpoint", "resource_attributes", "propagation"},
}
SERVICE_FIELDS = {
    *("name", "host", "port", "protocol", "retries", "connect_timeout", "write_timeout", "read_timeout"),
    *("routes", "plugins"),
}
ROUTE_FIELDS = {"name", "paths", "methods", "strip_path", "regex_priority", "plugins"}
LONGEST_REQUEST_MS = 60_000
EXPOSED = {
    *("ETag", "Location", "Retry-After", "X-Request-ID"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
}
COUNTERS = {"host": "redis", "port": 6379, "password": "of-the-tests", "database": 1, "timeout": 200}

each_service = pytest.mark.parametrize("identity", SERVICES.values(), ids=lambda identity: identity.slug)


def operations_of(identity: ServiceIdentity) -> list[dict[str, Any]]:
    """What a service's OpenAPI document lists, each with its method."""
    document = json.loads((ROOT / "docs/openapi" / f"{identity.name}.json").read_text())
    return [
        {**operation, "method": method}
        for path in document["paths"].values()
        for method, operation in path.items()
    ]


def entry_of(identity: ServiceIdentity) -> dict[str, Any]:
    return next(each for each in DOCUMENT["services"] if each["name"] == identity.name)


def routes_of(identity: ServiceIdentity) -> dict[str, dict[str, Any]]:
    return {route["name"]: route for route in entry_of(identity)["routes"]}


def config(plugins: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((each["config"] for each in plugins if each["name"] == name), None)


def all_plugins() -> list[dict[str, Any]]:
    found = list(DOCUMENT["plugins"])
    for service in DOCUMENT["services"]:
        found += service.get("plugins", [])
        for route in service["routes"]:
            found += route["plugins"]
    return found


def global_config(name: str) -> dict[str, Any]:
    found = config(DOCUMENT["plugins"], name)
    assert found is not None
    return found


def test_only_fields_that_kong_takes() -> None:
    assert set(DOCUMENT) == {
        *("_format_version", "_transform", "_ignore", "plugins", "services", "consumers"),
    }
    for plugin in all_plugins():
        assert set(plugin) == {"name", "config"}
        assert set(plugin["config"]) <= FIELDS[plugin["name"]], plugin["name"]
    for service in DOCUMENT["services"]:
        assert set(service) <= SERVICE_FIELDS
        for route in service["routes"]:
            assert set(route) <= ROUTE_FIELDS


@each_service
def test_every_path_of_a_service_asks_for_a_token_but_the_open_ones(identity: ServiceIdentity) -> None:
    for name, route in routes_of(identity).items():
        token = config(route["plugins"], "jwt")
        assert (token is None) == name.endswith("-open"), name
        if token is not None:
            assert token["key_claim_name"] == "iss"
            assert token["claims_to_verify"] == ["exp"]
            assert token["uri_param_names"] == []
            assert "run_on_preflight" not in token
            assert "anonymous" not in token
    assert "jwt" not in {plugin["name"] for plugin in DOCUMENT["plugins"]}


def test_a_service_s_own_tokens_end_at_the_gateway() -> None:
    keys = [secret["key"] for consumer in DOCUMENT["consumers"] for secret in consumer["jwt_secrets"]]
    assert keys == [DEVELOPMENT_ISSUER]
    assert INTERNAL_ISSUER not in keys


@each_service
def test_every_route_has_its_limit_and_counts_in_redis(identity: ServiceIdentity) -> None:
    for name, route in routes_of(identity).items():
        limit = config(route["plugins"], "rate-limiting")
        assert limit is not None, name
        assert isinstance(limit["minute"], int)
        assert (limit["policy"], limit["fault_tolerant"]) == ("redis", True)
        assert limit["redis"] == COUNTERS
        if name.endswith("-open"):
            assert limit["limit_by"] == "ip"  # a token that nobody checks would choose its own budget
        else:
            assert (limit["limit_by"], limit["header_name"]) == ("header", "X-Rate-Key")


def test_pages_of_one_origin_alone_ask_and_no_cookie_goes_with_it() -> None:
    told = global_config("cors")
    assert told["origins"] == ["https://app.example.com"]
    assert told["credentials"] is False
    assert told["preflight_continue"] is False


@each_service
def test_a_page_may_send_and_read_what_the_operations_name(identity: ServiceIdentity) -> None:
    told = global_config("cors")
    sent, read, methods = {"authorization", "content-type", "x-request-id", "traceparent"}, set(), set()
    for operation in operations_of(identity):
        methods.add(operation["method"].upper())
        sent |= {each["name"].lower() for each in operation.get("parameters", ()) if each["in"] == "header"}
        for answer in operation["responses"].values():
            read |= set(answer.get("headers", ()))
    assert sent <= {each.lower() for each in told["headers"]}
    assert methods <= set(told["methods"])
    assert read | EXPOSED <= set(told["exposed_headers"])


def test_a_request_has_an_id_which_the_answer_repeats() -> None:
    assert global_config("correlation-id") == {
        "header_name": "X-Request-ID",
        "generator": "uuid",
        "echo_downstream": True,
    }


@each_service
def test_bodies_are_limited_as_the_service_itself_does(identity: ServiceIdentity) -> None:
    longest = max(each.get(BODY_LIMIT, DEFAULT_BODY_LIMIT) for each in operations_of(identity))
    own = config(entry_of(identity).get("plugins", []), "request-size-limiting")
    limit = own or global_config("request-size-limiting")
    assert (limit["allowed_payload_size"], limit["size_unit"]) == (longest, "bytes")


@each_service
def test_what_was_not_sent_is_tried_again_once_and_nothing_slow_is_given_up(
    identity: ServiceIdentity,
) -> None:
    entry = entry_of(identity)
    assert entry["retries"] == 1
    assert entry["read_timeout"] > LONGEST_REQUEST_MS


def test_all_four_groups_of_metrics_are_on() -> None:
    on = global_config("prometheus")
    assert {name for name, value in on.items() if value} == {
        *("status_code_metrics", "latency_metrics", "bandwidth_metrics", "upstream_health_metrics"),
    }


def test_a_trace_begins_or_goes_on_at_the_gateway() -> None:
    told = global_config("opentelemetry")
    assert told["traces_endpoint"] == "http://jaeger:4318/v1/traces"
    assert told["propagation"] == {"extract": ["w3c"], "inject": ["w3c"], "default_format": "w3c"}
