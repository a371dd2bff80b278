"""Makes the routes and plugins for Kong's ingress controller from the gateway's own file, gateway/kong.yml.

    python infra/k8s/build.py

An Ingress a route, and a plugin a way to configure one. Two things differ: counters of rate limits are each
gateway pod's own (services limit by tenant over all replicas, anyway), and what watches Kong itself
(`prometheus`, `opentelemetry`) is set where Kong is installed.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).resolve().parents[2]
_BASE = Path(__file__).resolve().parent / "base"
_OF_KONG_ITSELF = frozenset({"prometheus", "opentelemetry"})
_HEAD = "# Made by infra/k8s/build.py from gateway/kong.yml.\n"

Document = dict[str, Any]


class _Dumper(yaml.SafeDumper):
    """Programs as they are written."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def gateway() -> Document:
    """The gateway's file, its placeholders filled in as .env.example has them."""
    lines = (_ROOT / ".env.example").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    text = (_ROOT / "gateway/kong.yml").read_text()
    filled = re.sub(r"\$\{([A-Z_]+)\}", lambda match: settings.get(match[1]) or "none", text)
    found: Document = yaml.safe_load(filled)
    return found


class Plugins:
    """Plugins by their configuration, each under a name of its own."""

    def __init__(self) -> None:
        self.documents: list[Document] = []

    def names(self, plugins: list[Document]) -> str:
        """The names of these, as an Ingress refers to them; of one kind the last counts."""
        narrowest = {each["name"]: each for each in plugins if each["name"] not in _OF_KONG_ITSELF}
        return ",".join(self._name(each) for each in narrowest.values())

    def _name(self, plugin: Document) -> str:
        config = _counted_here(plugin["config"])
        for known in self.documents:
            if known["plugin"] == plugin["name"] and known["config"] == config:
                return str(known["metadata"]["name"])
        same = sum(known["plugin"] == plugin["name"] for known in self.documents)
        name = f"{plugin['name']}-{same + 1}" if same else str(plugin["name"])
        self.documents.append(
            {
                "apiVersion": "configuration.konghq.com/v1",
                "kind": "KongPlugin",
                "metadata": {"name": name},
                "plugin": plugin["name"],
                "config": config,
            }
        )
        return name


def _counted_here(config: Document) -> Document:
    if config.get("policy") != "redis":
        return config
    elsewhere = {"redis", "fault_tolerant"}
    return {name: value for name, value in config.items() if name not in elsewhere} | {"policy": "local"}


def _ingress(service: Document, route: Document, plugins: str) -> Document:
    annotations = {"konghq.com/strip-path": "false", "konghq.com/plugins": plugins}
    if "methods" in route:
        annotations["konghq.com/methods"] = ",".join(route["methods"])
    if "regex_priority" in route:
        annotations["konghq.com/regex-priority"] = str(route["regex_priority"])
    backend = {"service": {"name": service["name"], "port": {"name": "http"}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": route["name"], "annotations": annotations},
        "spec": {
            "ingressClassName": "kong",
            "rules": [
                {
                    "http": {
                        "paths": [
                            {"path": f"/{path}", "pathType": "ImplementationSpecific", "backend": backend}
                            for path in route["paths"]
                        ]
                    }
                }
            ],
        },
    }


def rendered() -> Iterator[tuple[Path, str]]:
    """Each file that is made, and its text."""
    kong = gateway()
    plugins = Plugins()
    everywhere = kong["plugins"]
    ingresses = [
        _ingress(service, route, plugins.names([*everywhere, *service.get("plugins", []), *route["plugins"]]))
        for service in kong["services"]
        for route in service["routes"]
    ]
    yield _BASE / "ingress.yaml", _dumped(ingresses)
    yield _BASE / "kong-plugins.yaml", _dumped(plugins.documents)


def _dumped(documents: list[Document]) -> str:
    return _HEAD + yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


if __name__ == "__main__":
    for path, text in rendered():
        path.write_text(text)
