"""The secrets of an embedded platform: generated at first start, kept in its data folder for its user."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

NAME = "secrets.json"


@dataclass(frozen=True, slots=True)
class PlatformSecrets:
    """What signs tokens and opens databases; `repr` shows none of it."""

    jwt_secret: str
    internal_jwt_secret: str
    database_passwords: dict[str, str]

    def __repr__(self) -> str:
        return "PlatformSecrets(…)"

    def password_of(self, role: str) -> str:
        return self.database_passwords[role]


def load_or_generate(data: Path, roles: list[str]) -> PlatformSecrets:
    """The secrets of a data folder; what is missing (a first start, a new service) is generated and kept.

    The file is replaced as a whole, so that an interrupted start leaves either the old one or the new one.
    """
    path = data / NAME
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    wanted = ["jwt_secret", "internal_jwt_secret", *(f"database:{role}" for role in roles)]
    complete = {name: known.get(name) or secrets.token_urlsafe(36) for name in wanted}
    if complete != {name: known.get(name) for name in wanted}:
        _write(path, {**known, **complete})
    return PlatformSecrets(
        jwt_secret=complete["jwt_secret"],
        internal_jwt_secret=complete["internal_jwt_secret"],
        database_passwords={role: complete[f"database:{role}"] for role in roles},
    )


def read(data: Path) -> PlatformSecrets | None:
    """The secrets of a platform that was started before, or None."""
    return load_or_generate(data, []) if (data / NAME).exists() else None


def _write(path: Path, content: dict[str, str]) -> None:
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
