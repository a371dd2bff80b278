"""The README's commands, and the runbook's, work as printed, with another port and data in their place."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from services.chassis.issuers import IssuerSettings
from services.schemas.directory import SERVICES
from tests.platform.processes import ROOT, environment, free_gateway_port, open_folder, serving_platform

README = (ROOT / "README.md").read_text()
BLOCK = re.search(r"```bash\n(export TOKEN.*?)```", README, re.DOTALL)
assert BLOCK is not None
LINES = BLOCK.group(1).strip().splitlines()
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
COMMANDS = [
    line for block in re.findall(r"```bash\n(.*?)```", RUNBOOK, re.DOTALL) for line in block.splitlines()
]


@pytest.fixture(scope="module")
def platform_of_the_readme() -> Iterator[tuple[int, Path]]:
    port = free_gateway_port()
    with open_folder() as folder, serving_platform(folder / "data", port):
        yield port, folder / "data"


def run_as_printed(script: str, data: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(".venv/bin/python", "python")],
        cwd=ROOT,
        env={
            **environment(),
            "VALUEVERSE_DATA": str(data),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("line", LINES[1:])
def test_a_curl_line_of_the_readme_works_as_printed(
    platform_of_the_readme: tuple[int, Path], line: str
) -> None:
    port, data = platform_of_the_readme
    token = LINES[0].replace("./deploy-microservices.sh", "python -m services")
    script = f'{token}\ncurl() {{ command curl --fail-with-body "$@"; }}\n{line}\n'
    told = run_as_printed(script.replace("127.0.0.1:8000", f"127.0.0.1:{port}"), data)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.strip()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_runbook_works_as_printed(
    platform_of_the_readme: tuple[int, Path], line: str
) -> None:
    told = run_as_printed(line, platform_of_the_readme[1])
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.strip()


def test_every_command_that_the_readme_names_exists() -> None:
    script = (ROOT / "deploy-microservices.sh").read_text()
    for command in set(re.findall(r"\./deploy-microservices\.sh ([a-z-]+)", README)):
        assert re.search(rf"\b{command}\b", script), command


def test_the_setting_that_points_at_an_identity_provider_is_taken_as_printed() -> None:
    [printed] = re.findall(r"^JWT_ISSUERS=(.*)$", README, re.MULTILINE)
    [provider] = TypeAdapter(list[IssuerSettings]).validate_json(printed)
    assert str(provider.jwks_url).startswith(provider.issuer)


def test_the_map_of_the_house_is_true() -> None:
    for folder in ("schemas", "chassis", "launcher", *SERVICES):
        assert (ROOT / "services" / folder).is_dir()
    assert (ROOT / "gateway/kong.yml").is_file()
