"""`new-service NAME`: writes a room that runs, is routed, and passes the architecture tests."""

import re
import subprocess
import sys
from pathlib import Path
from string import Template

from services.launcher.errors import CannotStart
from services.launcher.scaffold.registrations import register
from services.schemas.directory import SERVICES, ServiceIdentity

_TEMPLATE = Path(__file__).parent / "template"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME = 40


def scaffold(name: str, root: Path) -> list[Path]:
    """Makes the service `name` in the repository at `root`; every path made or changed, from the root.

    Raises:
        CannotStart: the name is not lower_snake_case or is taken, or `root` is not the repository.
    """
    _refuse(name, root)
    identity = ServiceIdentity(name, name.replace("_", "-"), _free_port(), name.replace("_", " ").title())
    made = [_write(source, identity, root) for source in sorted(_TEMPLATE.rglob("*.tmpl"))]
    registered = register(identity, root)
    return sorted({*made, *registered, *_documents(root)})


def _documents(root: Path) -> list[Path]:
    """Writes the documents that now name the service, in a process that knows it; those that changed."""
    told = subprocess.run(
        [sys.executable, "-m", "services", "docs", "write"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in told.stdout.splitlines()]


def _refuse(name: str, root: Path) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise CannotStart(f"{name} is not a service's name: lower_snake_case, such as price_book.")
    if name in SERVICES or (root / "services" / name).exists():
        raise CannotStart(f"There is a services/{name} already.")
    if not (root / "gateway" / "kong.yml").exists():
        raise CannotStart(f"{root} is not the repository: run this from its root.")


def _free_port() -> int:
    return max(8006, *(identity.port for identity in SERVICES.values())) + 1


def _write(source: Path, identity: ServiceIdentity, root: Path) -> Path:
    names = {
        "key": identity.key,
        "slug": identity.slug,
        "name": identity.name,
        "title": identity.title,
        "port": str(identity.port),
    }
    relative = Path(str(source.relative_to(_TEMPLATE)).replace("__key__", identity.key)).with_suffix("")
    target = root / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_imports_sorted(Template(source.read_text()).substitute(names)))
    return relative


def _imports_sorted(text: str) -> str:
    """Where the new name stands among the imports of the house depends on the name."""

    def block(found: re.Match[str]) -> str:
        return "".join(sorted(found.group().splitlines(keepends=True), key=lambda line: line.split()[1]))

    return re.sub(r"(?m)(?:^from (?:services|tests)[. ].*\n)+", block, text)
