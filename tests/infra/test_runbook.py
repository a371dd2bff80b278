"""The runbook sends nobody to a route, a command or a dashboard that does not exist."""

import re

import pytest
from typer.main import get_command

from services.launcher.cli import app
from tests.infra.dashboards import DASHBOARDS
from tests.infra.exposed import ROOT
from tests.platform.operations import OPERATIONS

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
_CALLS = re.findall(r"`(GET|POST) (/api/v1/[^`?]+)(?:\?([^`]*))?`", RUNBOOK)
_COMMANDS = re.findall(r"python -m services ([a-z-]+(?: [a-z-]+)?)", RUNBOOK)
_SCRIPT = re.findall(r"\./deploy-microservices\.sh\s+([a-z-]+)", RUNBOOK)


@pytest.mark.parametrize(("method", "path", "query"), _CALLS)
def test_a_call_is_an_operation(method: str, path: str, query: str) -> None:
    pattern = re.sub(r"\\\{[^}]*\\\}", r"\\{[a-z_]+\\}", re.escape(path))
    (operation,) = [
        each
        for each in OPERATIONS
        if each.method.upper() == method and re.fullmatch(pattern, each.path) is not None
    ]
    known = {each["name"] for each in operation.document.get("parameters", []) if each["in"] == "query"}
    assert {each.partition("=")[0] for each in query.split("&") if each} <= known


@pytest.mark.parametrize("words", sorted(set(_COMMANDS)))
def test_a_command_exists(words: str) -> None:
    command = get_command(app)
    for word in words.split():
        if not hasattr(command, "commands"):
            break  # an argument
        command = command.commands[word]


@pytest.mark.parametrize("word", sorted(set(_SCRIPT)))
def test_the_script_knows_the_word(word: str) -> None:
    assert re.search(rf"^  {word}\b", (ROOT / "deploy-microservices.sh").read_text(), re.MULTILINE)


def test_a_dashboard_that_it_names_exists() -> None:
    named = set(re.findall(r"\*([A-Z][a-z]+(?: [a-z]+)*)\*", RUNBOOK.replace("**", "")))
    assert named
    assert named <= {board["title"] for board in DASHBOARDS.values()}
