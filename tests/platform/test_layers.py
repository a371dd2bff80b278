"""The house as files: layers, sizes, and what a service's folder holds."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from services.launcher.rooms import service_keys

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"
TEMPLATE = SERVICES / "launcher" / "scaffold" / "template"
LONGEST = 400

FILES = {
    "__init__.py",
    "main.py",
    "settings.py",
    "store.py",
    "events.py",
    "clients.py",
    "metrics.py",
    "saga.py",
    "Dockerfile",
    "requirements.in",
    "requirements.txt",
}
FOLDERS = {"api", "domain", "jobs", "store", "migrations"}  # jobs: work too long for a request


def _python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_layers_hold() -> None:
    checked = _run(str(Path(sys.executable).parent / "lint-imports"), "--no-cache")
    assert checked.returncode == 0, checked.stdout


def test_importing_everything_opens_starts_and_makes_nothing() -> None:
    """No app, no engine, no socket, no process: those are made by whoever calls."""
    imported = _run(sys.executable, "-m", "tests.platform.imports")
    assert (imported.returncode, imported.stdout) == (0, ""), imported.stderr


def test_no_file_is_long() -> None:
    lengths = {
        path.relative_to(ROOT): len(path.read_text().splitlines())
        for path in _python_files("services", "tests", "benchmarks")
    }
    assert {path: lines for path, lines in lengths.items() if lines >= LONGEST} == {}


def test_no_file_is_named_for_nothing() -> None:
    names = {path.name for path in _python_files("services", "tests", "benchmarks")}
    assert names & {"utils.py", "util.py", "helpers.py", "misc.py", "common.py"} == set()


def test_every_folder_is_a_package() -> None:
    folders = {path.parent for path in _python_files("services", "tests") if TEMPLATE not in path.parents}
    assert {folder for folder in folders if not (folder / "__init__.py").exists()} == set()


@pytest.mark.parametrize("key", service_keys())
def test_a_service_s_folder_holds_what_every_service_s_does(key: str) -> None:
    """Besides, a folder of data (Python only to read it), and work that runs in the background."""
    for path in (SERVICES / key).iterdir():
        if path.name in FILES | FOLDERS | {"__pycache__"}:
            continue
        if path.is_dir():
            assert {each.name for each in path.rglob("*.py")} == {"__init__.py"}, path
        else:
            assert _defines_background_work(path), path


@pytest.mark.parametrize("key", service_keys())
def test_a_service_s_main_is_its_table_of_contents(key: str) -> None:
    assert len((SERVICES / key / "main.py").read_text().splitlines()) <= 40


def _defines_background_work(path: Path) -> bool:
    if path.suffix != ".py":
        return False
    classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    return any(
        isinstance(base, ast.Name) and base.id == "BackgroundService" for one in classes for base in one.bases
    )
