"""The platform in containers, under names and ports of the tests' own, by the script that people use."""

import json
import os
import random
import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from services.launcher.ports import free_port
from services.schemas.directory import SERVICES
from tests.platform.processes import free_gateway_port

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy-microservices.sh"
OTHER_PORTS = (
    *("KONG_ADMIN_PORT", "POSTGRES_PORT", "REDIS_PORT", "RABBITMQ_PORT", "RABBITMQ_MANAGEMENT_PORT"),
    *("CONSUL_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT", "JAEGER_PORT"),
)
LONG_S = 900


def has_docker() -> bool:
    """Whether an engine answers here."""
    try:
        return (
            subprocess.run(["docker", "info"], capture_output=True, timeout=60, check=False).returncode == 0
        )
    except OSError:
        return False


def eventually(look: Callable[[], bool], *, within_s: float) -> float:
    """Returns after how many seconds it was seen to be so; AssertionError if that was not in time."""
    begun = time.monotonic()
    while True:
        is_so = look()
        after = time.monotonic() - begun
        if after > within_s:
            raise AssertionError(f"{'only after' if is_so else 'not within'} {after:.1f} s of {within_s:g} s")
        if is_so:
            return after
        time.sleep(0.2)


@dataclass(frozen=True)
class Stack:
    """Its settings' file, and what the environment says beside it."""

    settings: Path
    environment: dict[str, str] = field(repr=False)

    @classmethod
    def of_its_own(cls, folder: Path) -> "Stack":
        """Names, ports and a network that nobody else has; nothing is started."""
        draw = random.SystemRandom()
        gateway = free_gateway_port()
        ports = {"GATEWAY_PORT": gateway} | {name: free_port() for name in OTHER_PORTS}
        for key, identity in SERVICES.items():
            # Beside the gateway's as 8011 is beside 8000, which is how they are found.
            ports[f"{key.upper()}_DIRECT_PORT"] = gateway + identity.direct_port - 8000
        settings = folder / "stack.env"
        return cls(
            settings,
            {
                **os.environ,
                **{name: str(port) for name, port in ports.items()},
                "SERVICES_SUBNET": f"10.{draw.randint(200, 250)}.{draw.randint(1, 254)}",
                "HEALTHY_WITHIN_S": "600",
                "VALUEVERSE_ENV": str(settings),
                "VALUEVERSE_DATA": str(folder / "embedded"),
                "COMPOSE_PROJECT_NAME": f"valueverse-{secrets.token_hex(4)}",
                "COMPOSE_FILE": "docker-compose.microservices.yml:tests/stack/compose.yml",
                "GATEWAY_REQUESTS_PER_MINUTE": "12000",
                "GATEWAY_CALCULATIONS_PER_MINUTE": "12000",
                "GATEWAY_OPEN_REQUESTS_PER_MINUTE": "200",
                "NO_PROXY": "127.0.0.1",
            },
        )

    def script(self, *arguments: str, ok: bool = True, typed: str = "") -> str:
        """What the script printed; AssertionError if it failed (with `ok` false: if it did not)."""
        told = self._run([str(SCRIPT), *arguments], typed)
        assert (told.returncode == 0) == ok, told.stdout[-4000:] + told.stderr[-4000:]
        return told.stdout

    def told(self, *arguments: str) -> str:
        """What the script printed, whether it succeeded or not."""
        return self._run([str(SCRIPT), *arguments]).stdout

    def compose(self, *arguments: str) -> str:
        told = self._run(self._compose(*arguments))
        assert told.returncode == 0, told.stderr[-4000:]
        return told.stdout

    def _compose(self, *arguments: str) -> list[str]:
        return ["docker", "compose", "--env-file", str(self.settings), *arguments]

    def docker(self, *arguments: str) -> str:
        told = self._run(["docker", *arguments])
        assert told.returncode == 0, told.stderr[-4000:]
        return told.stdout

    def newcomer(self, network: str, code: str, *given: Any) -> set[str]:
        """What Python code prints as a list, given JSON, in a container of its own on a network."""
        arguments = [json.dumps(each) for each in given]
        image = ("valueverse/test-doubles", "python", "-c", code)
        return set(json.loads(self.docker("run", "--rm", "--network", network, *image, *arguments)))

    @property
    def project(self) -> str:
        return self.environment["COMPOSE_PROJECT_NAME"]

    @property
    def label(self) -> str:
        """Docker's filter for what is of these containers."""
        return f"label=com.docker.compose.project={self.project}"

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers that run."""
        return self.compose("ps", "--quiet", service).split()

    def url(self, port_name: str) -> str:
        return f"http://127.0.0.1:{self.environment[port_name]}"

    @property
    def gateway(self) -> str:
        return self.url("GATEWAY_PORT")

    @property
    def owner_url(self) -> str:
        """The database's owner, by the published port."""
        password = self.setting("POSTGRES_PASSWORD")
        return f"postgresql://valueverse:{password}@127.0.0.1:{self.environment['POSTGRES_PORT']}/valueverse"

    def setting(self, name: str) -> str:
        lines = [line for line in self.settings.read_text().splitlines() if line.startswith(f"{name}=")]
        return lines[-1].partition("=")[2]

    def token(self, *roles: str, tenant: str = "acme") -> str:
        """As people get it: from the script, while the containers run."""
        arguments = [part for role in roles for part in ("--role", role)]
        return self.script("token", "--tenant", tenant, *arguments).strip()

    def client(self, *roles: str, tenant: str = "acme") -> httpx2.Client:
        return httpx2.Client(
            base_url=self.gateway,
            headers={"Authorization": f"Bearer {self.token(*roles, tenant=tenant)}"},
            timeout=60,
            trust_env=False,
        )

    def get(self, port_name: str, path: str, **query: str) -> Any:
        """A page's JSON on one of the published ports."""
        answer = httpx2.get(f"{self.url(port_name)}{path}", params=query, timeout=30, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def passing(self, service: str) -> list[str]:
        """The addresses of a service's healthy replicas, as Consul knows them."""
        rows = self.get("CONSUL_PORT", f"/v1/health/service/{service}", passing="1")
        return sorted(row["Service"]["Address"] for row in rows)

    def named(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """What Consul's name service tells Kong's container of a name, by the kind of the question."""
        (kong,) = self.containers("kong")
        told: dict[str, list[dict[str, Any]]] = json.loads(
            self.docker("exec", kong, "python", "-m", "tests.stack.names", name)
        )
        return told

    def registered(self, service: str) -> list[str]:
        """The addresses of a service's replicas that Consul knows, healthy or not."""
        rows = self.get("CONSUL_PORT", f"/v1/catalog/service/{service}")
        return sorted(row["ServiceAddress"] for row in rows)

    def started(self) -> dict[str, str]:
        """When each service that runs was started; of several replicas one."""
        ids = self.docker("ps", "--quiet", "--filter", self.label).split()
        rows = [self.inspect(each) for each in ids]
        return {
            row["Config"]["Labels"]["com.docker.compose.service"]: row["State"]["StartedAt"] for row in rows
        }

    def volumes(self) -> set[str]:
        return set(self.docker("volume", "ls", "--quiet", "--filter", self.label).split())

    def targets(self) -> list[tuple[str, str]]:
        """Job and health of every target that Prometheus has."""
        found = self.get("PROMETHEUS_PORT", "/api/v1/targets")["data"]["activeTargets"]
        return [(target["labels"]["job"], target["health"]) for target in found]

    def inspect(self, container: str) -> Any:
        return json.loads(self.docker("inspect", container))[0]

    def _run(self, command: Sequence[str], typed: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=LONG_S,
            check=False,
        )
