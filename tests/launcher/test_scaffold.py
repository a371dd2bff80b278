"""A scaffolded service runs, is routed, and passes the architecture tests, in a copy of the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.launcher.errors import CannotStart
from services.launcher.scaffold import scaffold

ROOT = Path(__file__).resolve().parents[2]
CHECKS = [
    "tests/platform/test_access.py",
    "tests/platform/test_compose.py",
    "tests/platform/test_env_example.py",
    "tests/platform/test_images.py",
    "tests/platform/test_openapi_documents.py",
    "tests/platform/test_database_architecture.py",
    "tests/platform/test_layers.py",
    "tests/platform/test_requirements.py",
    "tests/platform/test_roles.py",
    "tests/gateway/test_kong_yml.py",
    "tests/launcher/test_dispatcher.py",
    "tests/price_book",
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with a new service in it."""
    root = tmp_path_factory.mktemp("house") / "copy"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".venv*", ".git", ".*_cache", "__pycache__"))
    in_the(root, sys.executable, "-m", "services", "new-service", "price_book")
    return root


def in_the(root: Path, *command: str) -> str:
    told = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-6000:] + told.stderr[-3000:]
    return told.stdout


def test_a_new_service_passes_the_architecture_tests(copy: Path) -> None:
    told = in_the(
        copy,
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "not fuzz",
        "-p",
        "no:cacheprovider",
        "-k",
        _selected(),
        *CHECKS,
    )
    assert "passed" in told


def _selected() -> str:
    """What concerns the new service: the others' operations are tested where they stand."""
    return "price or health or gateway or kong or example or committed or note or holds or package"


def test_a_new_service_keeps_to_the_layers_and_the_types(copy: Path) -> None:
    tools = Path(sys.executable).parent
    in_the(copy, str(tools / "lint-imports"))
    in_the(copy, str(tools / "ruff"), "check", "services/price_book", "tests/price_book")
    in_the(copy, str(tools / "ruff"), "format", "--check", "services/price_book", "tests/price_book")
    in_the(copy, str(tools / "mypy"), "services/price_book")


@pytest.mark.parametrize("name", ["PriceBook", "price-book", "9lives", "architect", "a" * 41])
def test_a_name_that_cannot_be_is_one_line(name: str) -> None:
    with pytest.raises(CannotStart):
        scaffold(name, ROOT)


def test_elsewhere_than_in_the_repository_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="run this from its root"):
        scaffold("price_book", tmp_path)
    assert list(tmp_path.iterdir()) == []
