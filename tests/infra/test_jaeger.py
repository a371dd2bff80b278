"""Jaeger's configuration against the keys that its documentation and its own examples show.

Read: jaegertracing.io/docs/2.20/deployment/configuration and docs/2.20/storage/memory; in the repository
jaegertracing/jaeger cmd/jaeger/config.yaml, cmd/jaeger/internal/all-in-one.yaml and
cmd/jaeger/internal/extension/jaegerquery/jaegerquery.schema.yaml.
"""

import re
from typing import Any

import yaml

from tests.infra.exposed import ROOT

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "infra/jaeger/config.yml").read_text())

_ANY = None  # a value, or a name of our own
_KEYS: dict[str, Any] = {
    "service": {
        "extensions": _ANY,
        "pipelines": {"traces": {"receivers": _ANY, "processors": _ANY, "exporters": _ANY}},
        "telemetry": {"resource": {"service.name": _ANY}, "logs": {"level": _ANY}},
    },
    "receivers": {
        "otlp": {"protocols": {"grpc": {"endpoint": _ANY}, "http": {"endpoint": _ANY}}},
    },
    "processors": {"batch": _ANY},
    "exporters": {"jaeger_storage_exporter": {"trace_storage": _ANY}},
    "extensions": {
        "jaeger_storage": {"backends": {"*": {"memory": {"max_traces": _ANY}}}},
        "jaeger_query": {
            "storage": {"traces": _ANY, "traces_archive": _ANY, "metrics": _ANY},
            "base_path": _ANY,
            "http": {"endpoint": _ANY},
            "grpc": {"endpoint": _ANY},
            "ui": {"config_file": _ANY},
            "max_clock_skew_adjust": _ANY,
        },
        "healthcheckv2": {"use_v2": _ANY, "http": {"endpoint": _ANY}, "grpc": {"endpoint": _ANY}},
    },
}


def undocumented(config: Any, keys: Any, path: str = "") -> list[str]:
    """Paths of a configuration that no page knows."""
    if keys is _ANY or not isinstance(config, dict):
        return []
    found = []
    for name, value in config.items():
        inner = keys.get(name, keys.get("*", ...))
        found += [f"{path}/{name}"] if inner is ... else undocumented(value, inner, f"{path}/{name}")
    return found


def test_the_image_is_of_the_release_whose_documentation_was_read() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.microservices.yml").read_text())
    release = compose["services"]["jaeger"]["image"].partition(":")[2].rpartition(".")[0]
    assert set(re.findall(r"docs/([\d.]+)/", __doc__ or "")) == {release}


def test_every_key_is_documented() -> None:
    assert undocumented(CONFIG, _KEYS) == []


def test_a_key_of_jaeger_s_older_releases_is_found() -> None:
    old = {"extensions": {"jaeger_query": {"trace_storage": "recent"}}}
    assert undocumented(old, _KEYS) == ["/extensions/jaeger_query/trace_storage"]


def test_what_is_named_is_defined() -> None:
    (pipeline,) = CONFIG["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert set(pipeline[kind]) == CONFIG[kind].keys()
    assert set(CONFIG["service"]["extensions"]) == CONFIG["extensions"].keys()
    (store,) = CONFIG["extensions"]["jaeger_storage"]["backends"]
    assert CONFIG["exporters"]["jaeger_storage_exporter"]["trace_storage"] == store
    assert CONFIG["extensions"]["jaeger_query"]["storage"]["traces"] == store


def test_it_listens_where_the_platform_looks_and_forgets_in_time() -> None:
    protocols = CONFIG["receivers"]["otlp"]["protocols"]
    assert protocols["grpc"]["endpoint"] == "0.0.0.0:4317"
    assert protocols["http"]["endpoint"] == "0.0.0.0:4318"
    assert CONFIG["extensions"]["jaeger_query"]["http"]["endpoint"] == "0.0.0.0:16686"
    assert CONFIG["extensions"]["jaeger_storage"]["backends"]["recent"]["memory"]["max_traces"] <= 100_000
