"""Children end with the process that started them: by the kernel's death signal, or by the watchdog."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from services.launcher import child
from services.launcher.child import Account, spawn
from tests.launcher.processes import until, until_ended
from tests.servers.missing import skip_or_fail

_PARENT = textwrap.dedent(
    """
    import sys, signal, threading
    from services.launcher import child
    if sys.argv[1] == "watchdog":
        child.has_death_signal = lambda: False
    with open(sys.argv[2], "wb") as log:
        made = child.spawn(["sleep", "300"], dies_by=signal.SIGTERM, log=log)
    print(made.pid, flush=True)
    threading.Event().wait()
    """
)


@pytest.fixture(params=["kernel", "watchdog"])
def means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "watchdog":
        monkeypatch.setattr(child, "has_death_signal", lambda: False)
    elif not child.has_death_signal():
        skip_or_fail("this system has no setpriv with --pdeathsig")
    return str(request.param)


def test_a_child_ends_with_its_killed_parent(means: str, tmp_path: Path) -> None:
    command: list[str | Path] = [sys.executable, "-c", _PARENT, means, tmp_path / "log"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.kill()
    until_ended(pid)


def test_a_child_is_stopped_and_its_status_told(means: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        made = spawn(["sleep", "300"], dies_by=signal.SIGTERM, log=log)
    assert not made.ended
    assert made.stop(signal.SIGTERM, grace=10) == -signal.SIGTERM
    assert made.ended


def test_a_child_that_ignores_the_signal_is_killed_after_the_grace(means: str, tmp_path: Path) -> None:
    log_path = tmp_path / "log"
    with log_path.open("wb") as log:
        made = spawn(["sh", "-c", "trap '' TERM; echo deaf; sleep 300"], dies_by=signal.SIGKILL, log=log)
    until(lambda: log_path.read_text() == "deaf\n", "the child is deaf")
    assert made.stop(signal.SIGTERM, grace=0.2) == -signal.SIGKILL


def test_a_child_reports_in_its_log_and_reads_no_terminal(means: str, tmp_path: Path) -> None:
    log_path = tmp_path / "log"
    with log_path.open("wb") as log:
        made = spawn(
            ["sh", "-c", "cat; echo said; echo lamented >&2; exit 3"], dies_by=signal.SIGTERM, log=log
        )
    assert made.wait(10) == 3
    assert log_path.read_text() == "said\nlamented\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the account")
def test_a_child_runs_as_the_account_given(means: str, tmp_path: Path) -> None:
    log_path = tmp_path / "log"
    with log_path.open("wb") as log:
        made = spawn(
            ["sh", "-c", "id -u; id -g; id -G"],
            dies_by=signal.SIGTERM,
            log=log,
            account=Account(60_832, 60_833),
            cwd=Path("/"),
        )
    assert made.wait(10) == 0
    assert log_path.read_text().split() == ["60832", "60833", "60833"]
