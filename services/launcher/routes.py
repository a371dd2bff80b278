"""The gateway's routes, as `gateway/kong.yml` states them, in a typed table."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KONG_YML = Path(__file__).resolve().parents[2] / "gateway" / "kong.yml"


@dataclass(frozen=True, slots=True)
class GatewayRoute:
    """One route: a request whose path matches goes to `service`. `methods` empty means all."""

    name: str
    service: str
    pattern: re.Pattern[str]
    methods: frozenset[str]
    priority: int

    @property
    def is_open(self) -> bool:
        """Whether it is a public route: no token is asked for."""
        return self.name.endswith("-open")

    def matches(self, method: str, path: str) -> bool:
        """Kong's rule: a regex path is anchored at its start alone."""
        return (not self.methods or method in self.methods) and self.pattern.match(path) is not None


def gateway_routes(path: Path = KONG_YML) -> list[GatewayRoute]:
    """The routes in the order in which Kong tries them: by priority, the longer expression first."""
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    found = [
        _route(service["name"], route, expression)
        for service in document["services"]
        for route in service["routes"]
        for expression in route["paths"]
    ]
    return sorted(found, key=lambda route: (-route.priority, -len(route.pattern.pattern)))


def _route(service: str, route: dict[str, Any], expression: str) -> GatewayRoute:
    if not expression.startswith("~"):
        raise ValueError(
            f"{route['name']}: {expression} is a prefix; state a regex with its segment boundary"
        )
    return GatewayRoute(
        name=route["name"],
        service=service,
        pattern=re.compile(expression[1:]),
        methods=frozenset(route.get("methods", ())),
        priority=route.get("regex_priority", 0),
    )
