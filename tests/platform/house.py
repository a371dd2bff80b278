"""A clone of deploy-microservices.sh on a machine that has what a test gives it, and nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_TOOLS = (
    *("bash", "cat", "cmp", "cp", "dirname", "env", "flock", "getconf", "grep", "mkdir", "nohup", "ps", "rm"),
    *("setsid", "sleep", "tail", "touch", "tr", "awk", "cut", "df", "mv", "od", "sort", "wc", "xargs"),
)


class House:
    """A clone with the real script, on a machine with a bare system's tools and fake Pythons."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "clone"
        self.path = folder / "bin"
        self.notes = folder / "notes"
        self.environment = {
            "PATH": str(self.path),
            "HOME": str(folder),
            "VALUEVERSE_DATA": str(folder / "data"),
            "FAKE_NOTES": str(self.notes),
            "FAKE_PLATFORM": str(_HERE / "fake_platform.py"),
            "REAL_PYTHON": sys.executable,
        }
        self.root.mkdir()
        self.path.mkdir()
        shutil.copy(_ROOT / "deploy-microservices.sh", self.root)
        for name in ("services", "infra", ".env.example"):
            (self.root / name).symlink_to(_ROOT / name)
        for name in ("requirements.txt", "requirements-dev.txt"):
            (self.root / name).write_text(f"{name} of today\n")
        for tool in _TOOLS:
            found = shutil.which(tool)
            if found:
                (self.path / tool).symlink_to(found)

    def add_python(self, name: str) -> None:
        shutil.copy(_HERE / "fake_python.sh", self.path / name)

    def run(
        self, *arguments: str, cwd: Path | None = None, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.root / "deploy-microservices.sh", *arguments],
            cwd=cwd or self.root,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def asked(self) -> list[str]:
        """What the Pythons were asked since the last call, each with the version that was asked."""
        asked = self.notes.read_text().splitlines() if self.notes.exists() else []
        self.notes.unlink(missing_ok=True)
        return asked
