"""Where the data lives: what was asked for, else the environment's, else root's or the user's own."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.launcher.data_folder import SYSTEM_FOLDER, data_folder, data_option, make_data_folder
from services.launcher.errors import CannotStart


def test_the_choice_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VALUEVERSE_DATA", str(tmp_path / "environment"))
    assert data_folder(tmp_path / "choice") == tmp_path / "choice"
    assert data_folder() == tmp_path / "environment"


def test_root_has_the_systems_folder_and_a_user_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VALUEVERSE_DATA", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert data_folder() == SYSTEM_FOLDER
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert data_folder() == Path("/home/ada/.local/share/valueverse")
    monkeypatch.setenv("XDG_DATA_HOME", "/home/ada/data")
    assert data_folder() == Path("/home/ada/data/valueverse")


def test_a_relative_choice_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_folder(Path("data")) == tmp_path / "data"


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    make_data_folder(tmp_path / "new" / "data")
    mode = stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode)
    assert mode == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_folder_that_stands_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_data_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_file_in_its_place_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(CannotStart, match=r"Cannot use .*/data as data folder \(File exists\)"):
        make_data_folder(tmp_path / "data")


@contextmanager
def somebody_else() -> Iterator[None]:
    """As root, for a while nobody in particular; everybody else stays who they are."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.mark.parametrize("place", [".", "inside"])
def test_a_closed_folder_is_one_clear_line(tmp_path: Path, place: str) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    with somebody_else(), pytest.raises(CannotStart, match=r"as data folder \(Permission denied\)"):
        make_data_folder(closed / place)


def test_another_shell_finds_the_folder_by_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/home/ada/data")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("VALUEVERSE_DATA", "/srv/the demo")
    assert data_option(data_folder()) == " --data '/srv/the demo'"
    assert data_option(Path("/home/ada/data/valueverse")) == ""
