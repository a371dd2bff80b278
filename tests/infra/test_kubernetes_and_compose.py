"""The Kubernetes files say what the Compose file and the images say: one platform, started in two ways."""

import re
from typing import Any

import pytest
import yaml

from services.schemas.directory import SERVICES
from tests.infra.exposed import ROOT
from tests.infra.kubernetes import OVERLAYS, Document, named, pods

COMPOSE: Document = yaml.safe_load((ROOT / "docker-compose.microservices.yml").read_text())["services"]
_WORKLOADS = [*(identity.name for identity in SERVICES.values()), "migrate"]

# Where a cluster differs, and why: peers have Services there, what collects traces is another's, and it is
# production unless an overlay says otherwise.
_OTHER_VALUES = {"CONSUL_HTTP_ADDR", "OTEL_EXPORTER_OTLP_ENDPOINT", "ENVIRONMENT"}


def _pod(overlay: str, name: str) -> Document:
    found: Document = dict(pods(overlay))[name]["spec"]
    return found


def _container(overlay: str, name: str) -> Document:
    (container,) = _pod(overlay, name)["containers"]
    found: Document = container
    return found


def _settings(overlay: str, name: str) -> dict[str, str | None]:
    """What a container finds in its environment; None is a secret's."""
    maps = {name: each["data"] for name, each in named(overlay, "ConfigMap").items()}
    container = _container(overlay, name)
    found: dict[str, str | None] = {}
    for source in container["envFrom"]:
        found |= maps[source["configMapRef"]["name"]]
    for entry in container["env"]:
        reference = entry.get("valueFrom", {}).get("configMapKeyRef")
        found[entry["name"]] = maps[reference["name"]][reference["key"]] if reference else entry.get("value")
    return found


def _default(value: Any) -> str:
    """What Compose makes of a value where .env says nothing."""
    return re.sub(r"\$\{[A-Z_]+:-(.*)\}", r"\1", str(value))


@pytest.mark.parametrize("name", _WORKLOADS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_environment_has_the_same_names_and_values(overlay: str, name: str) -> None:
    here, there = _settings(overlay, name), COMPOSE[name]["environment"]
    assert here.keys() == there.keys()
    told = {key: value for key, value in here.items() if value is not None and key not in _OTHER_VALUES}
    assert told == {key: _default(there[key]) for key in told}


@pytest.mark.parametrize("name", _WORKLOADS)
def test_limits_are_the_same(name: str) -> None:
    limits = _container("production", name)["resources"]["limits"]
    wanted = COMPOSE[name]["deploy"]["resources"]["limits"]
    assert _cores(limits["cpu"]) == float(wanted["cpus"])
    assert limits["memory"].removesuffix("i").lower() == wanted["memory"]


def _cores(quantity: str) -> float:
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


@pytest.mark.parametrize("name", _WORKLOADS)
def test_a_container_is_as_narrow_here_as_there(name: str) -> None:
    pod, container, there = _pod("production", name), _container("production", name), COMPOSE[name]
    assert container["image"].partition(":")[0] == there["image"]
    assert [each["mountPath"] for each in container["volumeMounts"]] == there["tmpfs"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is there["read_only"] is True
    assert container["securityContext"]["capabilities"]["drop"] == there["cap_drop"] == ["ALL"]
    assert there["security_opt"] == ["no-new-privileges:true"]
    (user,) = re.findall(r"^USER (\d+)$", _dockerfile(name), re.MULTILINE)
    assert pod["securityContext"]["runAsUser"] == int(user)


def _dockerfile(name: str) -> str:
    path: str = COMPOSE[name]["build"]["dockerfile"]
    return (ROOT / path).read_text()


@pytest.mark.parametrize("name", _WORKLOADS[:-1])
def test_ports_probes_and_grace_are_the_same(name: str) -> None:
    pod, container = _pod("production", name), _container("production", name)
    (port,) = re.findall(r"^EXPOSE (\d+)$", _dockerfile(name), re.MULTILINE)
    assert container["ports"][0]["containerPort"] == int(port)
    assert f"{pod['terminationGracePeriodSeconds']}s" == COMPOSE[name]["stop_grace_period"]
    (check,) = re.findall(r"^HEALTHCHECK (.*) CMD", _dockerfile(name), re.MULTILINE)
    wanted = dict(option.removeprefix("--").split("=") for option in check.split())
    live, start = container["livenessProbe"], container["startupProbe"]
    assert f"{live['periodSeconds']}s" == wanted["interval"]
    assert f"{live['timeoutSeconds']}s" == wanted["timeout"]
    assert live["failureThreshold"] == int(wanted["retries"])
    assert f"{start['periodSeconds'] * start['failureThreshold']}s" == wanted["start-period"]
    assert live["httpGet"]["path"] == "/health"  # as services.launcher.alive, which the image's check runs
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
