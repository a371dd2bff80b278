"""The Kubernetes files: valid, restricted, scaled as wanted, and closed to whom they do not concern.

Fields of what no schema here knows: keda.sh/docs/2.15 (ScaledObject, its scalers cpu, prometheus, rabbitmq),
developer.konghq.com/kubernetes-ingress-controller (custom resources, annotations).
"""

import re
import tomllib

import kubernetes_validate
import pytest
import yaml

from infra.k8s import build
from services.chassis.bus.topology import consumer_queue
from services.schemas.directory import SERVICES
from tests.infra.exposed import ROOT, everything, unknown_names
from tests.infra.kubernetes import FOLDER, OVERLAYS, Document, Networks, Peer, named, pods, rendered, selects

_VERSIONS = ("1.29", "1.37")  # the oldest and the newest that the files are for
_RANGES = {
    "value-architect": (2, 4),
    "value-committer": (2, 3),
    "value-executor": (2, 5),
    "value-amplifier": (1, 3),
    "calculation-engine": (3, 10),
    "notification-service": (2, 5),
}
_DOCUMENTED = {
    "ScaledObject": {
        *("scaleTargetRef", "pollingInterval", "cooldownPeriod", "initialCooldownPeriod", "idleReplicaCount"),
        *("minReplicaCount", "maxReplicaCount", "fallback", "advanced", "triggers"),
    },
    "KongPlugin": {"plugin", "config"},
    "KongConsumer": {"username", "custom_id", "credentials"},
}
_TRIGGERS = {
    "cpu": {"value"},
    "prometheus": {"serverAddress", "query", "threshold", "ignoreNullValues"},
    "rabbitmq": {"protocol", "hostFromEnv", "queueName", "mode", "value"},
}
_NAMES = {identity.name: identity for identity in SERVICES.values()}


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_document_is_valid(overlay: str, version: str) -> None:
    for document in rendered(overlay):
        if document["kind"] not in _DOCUMENTED:
            kubernetes_validate.validate(document, version, strict=True)
            continue
        body = document.get("spec", document)
        fields = body.keys() - {"apiVersion", "kind", "metadata"}
        assert fields <= _DOCUMENTED[document["kind"]], document["metadata"]["name"]


def test_an_unknown_field_is_found() -> None:
    document = dict(named("production", "Deployment")["value-architect"], replicas=2)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, _VERSIONS[0], strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_service_is_deployed_and_found_at_its_port(overlay: str) -> None:
    deployments, services = named(overlay, "Deployment"), named(overlay, "Service")
    assert deployments.keys() == _NAMES.keys()
    for name, identity in _NAMES.items():
        template = deployments[name]["spec"]["template"]
        (container,) = template["spec"]["containers"]
        assert container["ports"] == [{"name": "http", "containerPort": identity.port}]
        assert template["metadata"]["annotations"] == {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(identity.port),
            "prometheus.io/path": "/api/v1/metrics",
        }
        spec = services[name]["spec"]
        assert spec["ports"] == [{"name": "http", "port": identity.port, "targetPort": "http"}]
        assert selects({"matchLabels": spec["selector"]}, template["metadata"]["labels"])
        assert selects(deployments[name]["spec"]["selector"], template["metadata"]["labels"])
    for budget in named(overlay, "PodDisruptionBudget").values():
        template = deployments[budget["metadata"]["name"]]["spec"]["template"]
        assert selects(budget["spec"]["selector"], template["metadata"]["labels"])
    assert named(overlay, "PodDisruptionBudget").keys() == deployments.keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_restricted(overlay: str) -> None:
    for name, template in pods(overlay):
        spec = template["spec"]
        uid = 999 if template["metadata"]["labels"]["tier"] == "data" else 10001
        context = spec["securityContext"]
        assert (context["runAsNonRoot"], context["runAsUser"]) == (True, uid), name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert container["resources"].keys() == {"requests", "limits"}
            assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    (namespace,) = named(overlay, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_each_service_is_scaled_by_one_autoscaler_in_its_range() -> None:
    found: dict[str, tuple[int, int]] = {}
    for scaler in named("production", "HorizontalPodAutoscaler").values():
        spec = scaler["spec"]
        assert spec["scaleTargetRef"]["name"] not in found
        found[spec["scaleTargetRef"]["name"]] = (spec["minReplicas"], spec["maxReplicas"])
    for scaler in named("production", "ScaledObject").values():
        spec = scaler["spec"]
        assert spec["scaleTargetRef"]["name"] not in found
        found[spec["scaleTargetRef"]["name"]] = (spec["minReplicaCount"], spec["maxReplicaCount"])
    assert found == _RANGES
    # An autoscaled Deployment says nothing of replicas: each apply would undo the autoscaler's work.
    assert all("replicas" not in each["spec"] for each in named("production", "Deployment").values())


def test_autoscalers_ask_what_was_wanted() -> None:
    metrics = {
        name: each["spec"]["metrics"][0]
        for name, each in named("production", "HorizontalPodAutoscaler").items()
    }
    assert metrics["value-architect"]["resource"]["name"] == "cpu"
    assert metrics["value-amplifier"]["resource"]["name"] == "cpu"
    assert metrics["value-committer"]["pods"]["metric"]["name"] == "http_requests_per_second"
    triggers = {
        name: {each["type"]: each["metadata"] for each in scaled["spec"]["triggers"]}
        for name, scaled in named("production", "ScaledObject").items()
    }
    assert triggers["value-executor"]["rabbitmq"]["queueName"] == consumer_queue("executor")
    assert triggers["notification-service"]["rabbitmq"]["queueName"] == consumer_queue("notification")
    assert triggers["calculation-engine"].keys() == {"cpu", "prometheus"}
    assert unknown_names(triggers["calculation-engine"]["prometheus"]["query"], everything()) == []
    for name, asked in triggers.items():
        for kind, metadata in asked.items():
            assert metadata.keys() == _TRIGGERS[kind]
            if kind == "rabbitmq":
                assert metadata["hostFromEnv"] in _environment(named("production", "Deployment")[name])


def _environment(workload: Document) -> set[str]:
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    return {each["name"] for each in container["env"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_referenced_as_the_readme_says_and_never_contained(overlay: str) -> None:
    assert not named(overlay, "Secret")
    table = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    told = {name: set(re.findall(r"`([A-Z_]+)`", keys)) for name, keys in table}
    for name, template in pods(overlay):
        for container in template["spec"]["containers"]:
            for entry in container.get("env", []):
                reference = entry.get("valueFrom", {}).get("secretKeyRef")
                if reference:
                    assert reference["key"] in told[reference["name"]], name
                    assert reference["key"] == entry["name"] or overlay == "development"
                assert not re.search("PASSWORD|SECRET|_URL", entry["name"]) or "valueFrom" in entry, entry


def test_releases_are_pinned_in_production() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = {
        container["image"]
        for _, template in pods("production")
        for container in template["spec"]["containers"]
    }
    assert images == {f"valueverse/{name}:{version}" for name in (*_NAMES, "migrate")}


def test_routes_and_plugins_are_made_from_the_gateway_s_file() -> None:
    drifted = [path.name for path, text in build.rendered() if path.read_text() != text]
    assert drifted == [], "run: python infra/k8s/build.py"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_ingress_routes_and_guards_as_the_gateway_does(overlay: str) -> None:
    plugins = {name: each["plugin"] for name, each in named(overlay, "KongPlugin").items()}
    ingresses = named(overlay, "Ingress")
    gateway = yaml.safe_load((ROOT / "gateway/kong.yml").read_text())
    routes = [(service["name"], route) for service in gateway["services"] for route in service["routes"]]
    assert ingresses.keys() == {route["name"] for _, route in routes}
    for service, route in routes:
        ingress = ingresses[route["name"]]
        (rule,) = ingress["spec"]["rules"]
        assert [each["path"] for each in rule["http"]["paths"]] == [f"/{path}" for path in route["paths"]]
        assert {each["backend"]["service"]["name"] for each in rule["http"]["paths"]} == {service}
        annotations = ingress["metadata"]["annotations"]
        kinds = [plugins[name] for name in annotations["konghq.com/plugins"].split(",")]
        assert len(set(kinds)) == len(kinds)
        assert ("jwt" in kinds) is (not route["name"].endswith("-open"))
        assert "rate-limiting" in kinds
        assert annotations["konghq.com/strip-path"] == "false"
        assert annotations.get("konghq.com/methods", "").split(",") == route.get("methods", [""])


_SERVICE = Peer({"tier": "services"})
_DATA = Peer({"tier": "data"})
_JOB = Peer({"tier": "jobs"})
_KONG = Peer(namespace="kong")
_STRANGER = Peer(namespace="default")
_WORLD = Peer(address="93.184.216.34")
_INSIDE = Peer(address="10.96.0.1")
_METADATA = Peer(address="169.254.169.254")


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize(
    ("source", "target", "port", "passes"),
    [
        (_KONG, _SERVICE, "http", True),
        (Peer(namespace="monitoring"), _SERVICE, "http", True),
        (_STRANGER, _SERVICE, "http", False),
        (_SERVICE, _SERVICE, "http", True),
        (_SERVICE, _DATA, 5432, True),
        (_SERVICE, _DATA, 22, False),
        (_JOB, _DATA, 5432, True),
        (_JOB, _SERVICE, "http", False),
        (_KONG, _DATA, 5432, False),
        (_STRANGER, _DATA, 5432, False),
        (_DATA, _SERVICE, "http", False),
        (_DATA, _WORLD, 443, False),
        (_SERVICE, _WORLD, 443, True),
        (_SERVICE, _WORLD, 80, False),
        (_SERVICE, _INSIDE, 443, False),
        (_SERVICE, _METADATA, 443, False),
        (_JOB, _WORLD, 443, False),
    ],
)
def test_who_reaches_whom(overlay: str, source: Peer, target: Peer, port: int | str, passes: bool) -> None:
    assert Networks(overlay).let_pass(source, target, port) is passes
