"""Where a running platform is, noted in its data folder for the commands that talk to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from services.launcher.errors import CannotStart

NAME = "running.json"


@dataclass(frozen=True, slots=True)
class Running:
    """A running platform: its gateway's port and its database's address, without a password."""

    gateway_port: int
    database_host: str
    database_port: int
    database_name: str


@contextmanager
def noted(data: Path, running: Running) -> Iterator[None]:
    """Keeps the note for the length of the block."""
    path = data / NAME
    path.write_text(json.dumps(asdict(running)))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read(data: Path) -> Running:
    """Raises:
    CannotStart: nothing runs on this data.
    """
    path = data / NAME
    if not path.exists():
        raise CannotStart(f"No platform is running with {data}: start one first.")
    return Running(**json.loads(path.read_text()))
