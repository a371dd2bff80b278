"""The Kubernetes files as a cluster would get them, and who may reach whom by their network policies."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

import yaml

from tests.infra.exposed import ROOT
from tests.servers.missing import skip_or_fail

FOLDER = ROOT / "infra/k8s"
OVERLAYS = ("development", "production")
_TIMEOUT_S = 60

Document = dict[str, Any]


@cache
def rendered(overlay: str) -> tuple[Document, ...]:
    """All documents of an overlay. Without what renders them the test is skipped or fails."""
    done = subprocess.run(
        [*_renderer(), str(FOLDER / "overlays" / overlay)],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def _renderer() -> list[str]:
    if not shutil.which("kustomize") and not shutil.which("kubectl"):
        # Debian 12 has no package of it, and an older kubectl cannot read these files.
        skip_or_fail("no kustomize 5 here, nor a kubectl that has it")
    return ["kustomize", "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]


def named(overlay: str, kind: str) -> dict[str, Document]:
    """The documents of a kind, by name."""
    return {each["metadata"]["name"]: each for each in rendered(overlay) if each["kind"] == kind}


def pods(overlay: str) -> Iterator[tuple[str, Document]]:
    """The pods that an overlay makes, by the name of what makes them."""
    for document in rendered(overlay):
        if document["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield document["metadata"]["name"], document["spec"]["template"]


def selects(selector: Document, labels: dict[str, str]) -> bool:
    """Whether a label selector selects; an empty one selects everything."""
    wanted = selector.get("matchLabels", {}).items()
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions)
    return wanted <= labels.items() and all(labels.get(each["key"]) in each["values"] for each in expressions)


@dataclass(frozen=True, slots=True)
class Peer:
    """One end of a connection: a pod of ours with labels, one of another namespace, or an address outside."""

    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = "valueverse"
    address: str = ""


class Networks:
    """What the policies of an overlay let through."""

    def __init__(self, overlay: str) -> None:
        self._policies = list(named(overlay, "NetworkPolicy").values())

    def let_pass(self, source: Peer, target: Peer, port: int | str) -> bool:
        """Whether both ends allow it; what is not ours has no policy here."""
        return self._allows("Egress", source, target, port) and self._allows("Ingress", target, source, port)

    def _allows(self, direction: str, pod: Peer, other: Peer, port: int | str) -> bool:
        if pod.namespace != "valueverse" or pod.address:
            return True
        key, side = ("egress", "to") if direction == "Egress" else ("ingress", "from")
        policies = [
            policy["spec"]
            for policy in self._policies
            if direction in policy["spec"]["policyTypes"]
            and selects(policy["spec"]["podSelector"], pod.labels)
        ]
        if not policies:
            return True
        return any(
            any(_is_peer(peer, other) for peer in rule[side])
            and port in {each["port"] for each in rule["ports"]}
            for policy in policies
            for rule in policy.get(key, [])
        )


def _is_peer(peer: Document, other: Peer) -> bool:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        inside = bool(other.address) and _in_block(other.address, block["cidr"])
        return inside and not any(_in_block(other.address, each) for each in block.get("except", []))
    if other.address:
        return False
    if "namespaceSelector" in peer:
        return selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": other.namespace})
    return other.namespace == "valueverse" and selects(peer["podSelector"], other.labels)


def _in_block(address: str, cidr: str) -> bool:
    return ip_address(address) in ip_network(cidr)
