"""The committed documents that are made from the code; a test fails when they drift."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fastapi import FastAPI
from pydantic import SecretStr

from services.chassis.settings import ServiceSettings
from services.launcher import rooms
from services.launcher.asyncapi import asyncapi_document
from services.launcher.event_docs import events_document
from services.schemas.directory import SERVICES

_NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@cache
def unconnected_app(key: str) -> FastAPI:
    """A service's app that was never started: enough to read its routes and its OpenAPI. Made once."""
    settings: ServiceSettings = rooms.settings_class(key)(
        database_url=SecretStr(_NOWHERE),
        system_database_url=SecretStr(_NOWHERE),
        jwt_secret=SecretStr("never-signs-anything-" + "0" * 32),
        internal_jwt_secret=SecretStr("never-signs-anything-" + "1" * 32),
    )
    return rooms.create_app(key, settings)


def rendered() -> Iterator[tuple[Path, str]]:
    """Each document's path from the root, and its text."""
    for key, identity in SERVICES.items():
        document = unconnected_app(key).openapi()
        yield Path("docs/openapi") / f"{identity.name}.json", json.dumps(document, indent=2) + "\n"
    yield Path("docs/asyncapi.json"), json.dumps(asyncapi_document(), indent=2) + "\n"
    yield Path("docs/events.md"), events_document()


def write_all(root: Path) -> list[Path]:
    """Writes every document that differs; answers which."""
    written = []
    for path, text in rendered():
        target = root / path
        if not target.exists() or target.read_text() != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            written.append(path)
    return written
