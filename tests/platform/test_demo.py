"""The demo as its user runs it: it tells its story, and what stops it is one clear line."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.launcher.processes import until
from tests.platform.processes import ROOT, environment, free_gateway_port, open_folder, run

FIRST_ACT = "A published study"


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


@pytest.fixture
def fresh_data() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


def one_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    return lines[0]


@contextmanager
def running_demo(data: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The demo for the length of the block; Ctrl-C ends it. It has its own database, whatever DATABASE_URL
    says."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "services", "demo", "--port", str(port), "--data", str(data)],
        cwd=ROOT,
        env=environment() | {"DATABASE_URL": "postgresql://ada@127.0.0.1:1/of_another_project"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield demo
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)


def told_until(demo: subprocess.Popen[str], words: str) -> str:
    """What it tells, up to the line with these words."""
    assert demo.stdout is not None
    told = ""
    for line in demo.stdout:
        told += line
        if words in line:
            return told
    raise AssertionError(f"It ended before it said: {words}\n{told}")


def is_the_whole_story(told: str, port: int) -> None:
    assert "5,496,170" in told
    assert "191,634" in told
    assert "✗" not in told
    assert "was approved" in told
    assert "scenario cautious" in told
    assert "lock model (architect)" in told
    assert "True-up 2025-Q1: Share of the gain" in told
    assert "323,830.05" in told, "what was settled over the year"
    assert "calls, each with a valid signature" in told
    assert "0 dead letters" in told
    assert f"http://127.0.0.1:{port}/api/v1/architect/docs" in told


def test_the_demo_tells_its_story_and_begins_another_on_the_same_data(data: Path) -> None:
    port = free_gateway_port()
    told = run("demo", "--exit", "--port", str(port), "--data", str(data))
    assert told.returncode == 0, told.stdout + told.stderr
    is_the_whole_story(told.stdout, port)
    assert told.stderr == ""
    with running_demo(data, port) as again:
        told_until(again, "was approved")
        for how in ([], ["--fresh"]):
            is_refused_while_another_runs(data, *how)
        assert (data / "postgres" / "cluster" / "PG_VERSION").exists()
    assert again.returncode in {0, 130}


def is_refused_while_another_runs(data: Path, *how: str) -> None:
    told = run("demo", "--exit", *how, "--port", str(free_gateway_port()), "--data", str(data))
    assert told.returncode == 1
    assert str(data) in one_line(told.stderr)


def test_a_busy_port_is_one_line_and_starts_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = run("demo", "--exit", "--port", str(port), "--data", str(tmp_path / "data"))
    assert told.returncode == 1
    assert str(port) in one_line(told.stderr)
    assert not (tmp_path / "data").exists()


def test_ctrl_c_during_the_first_start_breaks_nothing(fresh_data: Path) -> None:
    data = fresh_data
    first = subprocess.Popen(
        [sys.executable, "-m", "services", "demo", "--port", str(free_gateway_port()), "--data", str(data)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until((data / "postgres").exists, "its database is being made", timeout=60)
    first.send_signal(signal.SIGINT)
    told, complaint = first.communicate(timeout=60)
    assert told.splitlines()[-1] == "Interrupted: everything is stopped, and the next demo begins anew."
    assert (first.returncode, complaint) == (130, "")
    with running_demo(data, free_gateway_port()) as again:
        told_until(again, FIRST_ACT)


NO_SERVER = {"POSTGRES_BIN": "/nowhere"}
"""A machine without a PostgreSQL to start: only then DATABASE_URL counts."""


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"ENVIRONMENT": "production"}, "The demo runs only with ENVIRONMENT=development."),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: Input should be"),
        (NO_SERVER, "No PostgreSQL of 15 or newer in /nowhere"),
        (
            NO_SERVER | {"DATABASE_URL": "mysql://ada@127.0.0.1/value"},
            "DATABASE_URL is not of the form postgresql://",
        ),
        (
            NO_SERVER | {"DATABASE_URL": "postgresql://ada@127.0.0.1:1/value"},
            "The database of DATABASE_URL does not answer",
        ),
    ],
)
def test_an_environment_it_cannot_work_in_is_one_line(
    data: Path, extra: dict[str, str], complaint: str
) -> None:
    told = run(*("demo", "--exit", "--port", str(free_gateway_port()), "--data", str(data)), extra=extra)
    assert told.returncode == 1
    assert complaint in one_line(told.stderr)
