"""The demo as its user runs it: it tells its story, and what stops it is one clear line."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.processes import ROOT, environment, free_gateway_port, open_folder, run


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


def test_the_demo_tells_its_story_and_does_so_again_on_the_same_data(data: Path) -> None:
    for _ in range(2):
        port = free_gateway_port()
        told = run("demo", "--exit", "--port", str(port), "--data", str(data))
        assert told.returncode == 0, told.stdout + told.stderr
        assert "5,496,170" in told.stdout
        assert "191,634" in told.stdout
        assert "✗" not in told.stdout
        assert "was approved" in told.stdout
        assert "scenario cautious" in told.stdout
        assert "lock model (architect)" in told.stdout
        assert "True-up 2025-Q1: Share of the gain" in told.stdout
        assert "323,830.05" in told.stdout, "what was settled over the year"
        assert "0 dead letters" in told.stdout
        assert f"http://127.0.0.1:{port}/api/v1/architect/docs" in told.stdout
        assert told.stderr == ""


def test_a_busy_port_is_one_line_and_starts_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = run("demo", "--exit", "--port", str(port), "--data", str(tmp_path / "data"))
    assert told.returncode == 1
    assert str(port) in one_line(told.stderr)
    assert not (tmp_path / "data").exists()


def test_data_in_use_is_one_line(data: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "services", "demo", "--port", str(free_gateway_port()), "--data", str(data)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert first.stdout is not None
        while "stays up" not in first.stdout.readline():
            assert first.poll() is None
        for how in ([], ["--fresh"]):
            second = run("demo", "--exit", *how, "--port", str(free_gateway_port()), "--data", str(data))
            assert second.returncode == 1
            assert str(data) in one_line(second.stderr)
        assert (data / "postgres" / "cluster" / "PG_VERSION").exists()
    finally:
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=30)
    assert first.returncode in {0, 130}


@pytest.mark.parametrize("after_s", [0.5, 1.5])
def test_ctrl_c_during_the_first_start_breaks_nothing(fresh_data: Path, after_s: float) -> None:
    data = fresh_data
    first = subprocess.Popen(
        [sys.executable, "-m", "services", "demo", "--port", str(free_gateway_port()), "--data", str(data)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(after_s)
    first.send_signal(signal.SIGINT)
    told, complaint = first.communicate(timeout=60)
    assert "Traceback" not in complaint
    if told:  # else it came while Python was loading
        assert told.splitlines()[-1] == "Interrupted: everything is stopped, and the next demo begins anew."
        assert first.returncode == 130
    again = run("demo", "--exit", "--port", str(free_gateway_port()), "--data", str(data))
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("ENVIRONMENT", "production", "The demo runs only with ENVIRONMENT=development."),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: Input should be"),
        ("DATABASE_URL", "mysql://ada@127.0.0.1/value", "DATABASE_URL is not of the form postgresql://"),
        (
            "DATABASE_URL",
            "postgresql://ada@127.0.0.1:1/value",
            "The database of DATABASE_URL does not answer",
        ),
    ],
)
def test_an_environment_it_cannot_work_in_is_one_line(
    data: Path, name: str, value: str, complaint: str
) -> None:
    told = run(
        *("demo", "--exit", "--port", str(free_gateway_port()), "--data", str(data)), extra={name: value}
    )
    assert told.returncode == 1
    assert complaint in one_line(told.stderr)
