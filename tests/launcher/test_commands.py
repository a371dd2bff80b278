"""Commands beside a running platform: tenants are provisioned everywhere, dead letters seen and replayed."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from services.chassis.principal import tenant_id
from services.schemas.directory import SERVICES
from tests.platform.processes import free_gateway_port, open_folder, run, serving_platform


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Path, int]]:
    port = free_gateway_port()
    with open_folder() as folder, serving_platform(folder / "data", port):
        yield folder / "data", port


def test_a_tenant_is_created_and_printed(running: tuple[Path, int]) -> None:
    data, _ = running
    for _ in range(2):
        told = run("tenant", "create", "northwind", "--data", str(data))
        assert told.returncode == 0, told.stderr
        assert told.stdout.strip() == str(tenant_id("northwind"))


def test_there_are_no_dead_letters(running: tuple[Path, int]) -> None:
    data, _ = running
    told = run("dead-letters", "list", "notification", "--data", str(data))
    assert "no dead letters" in told.stdout
    replayed = run("dead-letters", "replay", "notification", "all", "--data", str(data))
    assert replayed.stdout.strip() == "0"


def test_health_names_every_service(running: tuple[Path, int]) -> None:
    _, port = running
    told = run("health", "--port", str(port))
    assert told.returncode == 0
    for identity in SERVICES.values():
        assert identity.name in told.stdout


def test_health_of_nothing_fails_and_names_everything() -> None:
    told = run("health", "--port", str(free_gateway_port()))
    assert told.returncode == 1
    assert told.stdout.count("away") == len(SERVICES)


def test_urls_answer_as_printed(running: tuple[Path, int]) -> None:
    _, port = running
    told = run("urls", "--port", str(port))
    pages = re.findall(r"http://[^\s)]+", told.stdout)
    pages = [page if "/api/" in page else f"{page}/docs" for page in pages]
    assert len(pages) == 2 * len(SERVICES) + 1

    async def ask() -> list[int]:
        async with httpx2.AsyncClient(trust_env=False) as client:
            return [(await client.get(page)).status_code for page in pages]

    assert set(asyncio.run(ask())) == {200}


def test_the_printed_line_gives_a_token_of_this_platform(running: tuple[Path, int]) -> None:
    data, port = running
    told = run("urls", "--port", str(port), "--data", str(data))
    line = next(line for line in told.stdout.splitlines() if line.startswith("a token"))
    command = re.search(r"\$\(\./deploy-microservices\.sh (.+)\)", line)
    assert command is not None
    token = run(*command[1].split()).stdout.strip()
    inbox = f"http://127.0.0.1:{port}/api/v1/notification/inbox"
    answer = httpx2.get(inbox, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert answer.status_code == 200


def test_without_a_platform_a_command_says_so(tmp_path: Path) -> None:
    told = run("tenant", "create", "northwind", "--data", str(tmp_path))
    assert told.returncode == 1
    assert "start one first" in told.stderr
