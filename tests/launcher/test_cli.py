"""The command line's manners: exit status and one line, whatever goes wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.launcher.ports import free_port

_ROOT = Path(__file__).parents[2]
_CTRL_C_WHILE_IT_LOADS = """
import runpy, signal, sys

loading = sys.argv[1]

class CtrlC:
    def find_spec(name, *_):
        if name == loading:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, CtrlC)
sys.argv[1:] = ["demo"]
runpy.run_module("services", run_name="__main__")
"""


def _run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_health_fails_where_nothing_runs_and_names_the_services() -> None:
    told = _run("health", "--port", str(free_port()))
    assert told.returncode == 1
    assert "value-architect" in told.stdout
    assert "away" in told.stdout


def test_an_unknown_command_is_a_usage_error() -> None:
    told = _run("dance")
    assert told.returncode == 2
    assert "No such command" in told.stderr
    assert "Traceback" not in told.stderr


def test_what_cannot_go_on_says_so_in_one_line() -> None:
    told = _run("serve", "nobody")
    assert told.returncode == 1
    assert told.stderr.startswith("✗ There is no service nobody")
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize("loading", ["services.launcher.cli", "typer", "services.launcher.demo"])
def test_ctrl_c_while_a_command_is_loaded_is_one_line(loading: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _CTRL_C_WHILE_IT_LOADS, loading],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (told.returncode, told.stdout, told.stderr) == (130, "", "Interrupted.\n")
