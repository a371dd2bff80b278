"""The services' images, without building them: one pattern, and files that suffice to start."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.schemas.directory import SERVICES, ServiceIdentity

ROOT = Path(__file__).resolve().parents[2]

each_service = pytest.mark.parametrize("identity", SERVICES.values(), ids=lambda identity: identity.slug)


def dockerfile(identity: ServiceIdentity) -> str:
    return (ROOT / "services" / identity.key / "Dockerfile").read_text()


def copied(text: str, stage: int = -1) -> list[str]:
    """The paths that go from the repository into a stage, by default the image that runs, in their order."""
    joined = text.split("\nFROM ")[stage].replace("\\\n", " ")
    lines = [line.split()[1:] for line in joined.splitlines() if line.startswith("COPY services")]
    return [source for *sources, _ in lines for source in sources]


def general(identity: ServiceIdentity) -> list[str]:
    """What a Dockerfile says of every service; the engine alone brings compiled code, of a stage apart."""
    text = dockerfile(identity).replace(identity.name, "NAME").replace(str(identity.port), "PORT")
    text = re.sub(r"# Loops that .*?\n\n", "", text, flags=re.DOTALL)
    lines = re.sub(rf"\b{identity.key}\b", "KEY", text).splitlines()
    own = ("ENTRYPOINT", "# Docker tells", "COPY --from=loops", "# No features")
    return [line for line in lines if "NUMBA" not in line and not line.startswith(own)]


@each_service
def test_there_is_one_pattern(identity: ServiceIdentity) -> None:
    assert general(identity) == general(SERVICES["architect"])
    (entry,) = re.findall(r"^ENTRYPOINT (.*)$", dockerfile(identity), re.MULTILINE)
    assert re.search(r'"python", "-m", "services"\]$|exec python -m services ', entry)


def test_no_two_dockerfiles_have_one_size() -> None:
    """Unpacked with one time for all files, they would be one to Docker, and images get another's command."""
    sizes = [len(dockerfile(identity).encode()) for identity in SERVICES.values()]
    assert len(set(sizes)) == len(sizes)


@each_service
def test_an_image_runs_as_nobody_and_takes_no_frontend_from_elsewhere(identity: ServiceIdentity) -> None:
    text = dockerfile(identity)
    assert "\nUSER 10001\n" in text
    assert not re.search(r"^# *syntax", text, re.MULTILINE)
    assert "curl" not in text


def copy(sources: list[str], folder: Path) -> None:
    for source in sources:
        target = folder / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, target)


def test_the_files_of_the_stage_suffice_to_compile_the_loops(tmp_path: Path) -> None:
    text = dockerfile(SERVICES["calculation_engine"])
    copy(copied(text, 2), tmp_path)
    (statement,) = re.findall(r'"(from [^";]+); load\(\)"', text)
    imported = subprocess.run(
        [sys.executable, "-c", statement],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        timeout=60,
        check=False,
    )
    assert imported.returncode == 0


@each_service
def test_the_files_of_an_image_suffice_to_start(identity: ServiceIdentity, tmp_path: Path) -> None:
    """It comes as far as its settings, which it lacks here: every module that it needs is there."""
    copy(copied(dockerfile(identity)), tmp_path)
    code = f"import services.{identity.key}.main; from services.__main__ import main"
    started = subprocess.run(
        [sys.executable, "-c", code, "serve", identity.key],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert f"The settings of {identity.key} are not complete" in started.stderr


@each_service
def test_an_image_holds_no_other_service(identity: ServiceIdentity) -> None:
    others = {f"services/{key}" for key in SERVICES if key != identity.key}
    assert others.isdisjoint(copied(dockerfile(identity)))


def test_no_secret_can_reach_an_image() -> None:
    """The build sees what is named, and nothing else of this folder."""
    first, *allowed = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")
    ]
    assert first == "*"
    assert {line for line in allowed if line.startswith("!")} == {"!services", "!gateway", "!tests"}
