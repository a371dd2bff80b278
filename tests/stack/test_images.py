"""What runs: settings that Compose takes, images that hold what they must, containers that may do little."""

import re
import subprocess

import pytest

from services.schemas.directory import SERVICES
from tests.stack.engine import ROOT, Stack

pytestmark = pytest.mark.stack

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("command", ["docker compose", "docker-compose"])
def test_compose_takes_the_example_s_settings_unchanged(command: str) -> None:
    told = subprocess.run(
        [
            *(*command.split(), "--file", "docker-compose.microservices.yml"),
            *("--env-file", ".env.example", "config", "--services"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert set(told.stdout.split()) >= {"kong", "grafana", "jaeger", "migrate", "direct-ports"}


def test_own_containers_run_as_nobody_on_files_that_they_cannot_change(stack: Stack) -> None:
    for identity in SERVICES.values():
        (container,) = stack.containers(identity.name)
        assert stack.docker("exec", container, "id", "-u").strip() == "10001"
        assert stack.inspect(container)["Config"]["Cmd"] == ["serve", identity.key]
        told = stack.inspect(container)["HostConfig"]
        assert told["ReadonlyRootfs"] is True
        assert told["CapDrop"] == ["ALL"]
        assert told["SecurityOpt"] == ["no-new-privileges:true"]
        assert told["Memory"] > 0
        assert told["NanoCpus"] > 0
        assert told["PortBindings"] in (None, {})


def test_no_secret_is_in_an_image(stack: Stack) -> None:
    secrets = {
        line.partition("=")[2]
        for line in stack.settings.read_text().splitlines()
        if re.match(r"[A-Z_]+(SECRET|PASSWORD)=", line)
    }
    for identity in SERVICES.values():
        image = f"valueverse/{identity.name}"
        told = stack.docker("history", "--no-trunc", image) + stack.docker("inspect", image)
        assert not any(secret in told for secret in secrets)


def test_images_have_the_sizes_that_the_readme_tells(stack: Stack) -> None:
    """What an image adds to Python's, which may be packed in another way here."""
    lines = re.findall(r"^\| (.*valueverse/.*) \| (\d+) MB.* \| (\d+) MB \|$", README, re.MULTILINE)
    told = {
        name: int(size) - int(python)
        for names, size, python in lines
        for name in re.findall(r"`(?:valueverse/)?([a-z-]+)`", names)
    }
    assert told.keys() == {identity.name for identity in SERVICES.values()} | {"migrate"}
    python = image_size(stack, "python:3.12-slim")
    found = {name: image_size(stack, f"valueverse/{name}") - python for name in told}
    assert {name: size for name, size in found.items() if abs(size - told[name]) > 6} == {}


def image_size(stack: Stack, image: str) -> float:
    """In megabytes."""
    return int(stack.docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6
