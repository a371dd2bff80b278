"""The services of the house, found by name and imported late: an image holds only its own."""

from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from services.chassis.migrations import ServiceMigrations
from services.chassis.seams import Seams
from services.chassis.settings import ServiceSettings
from services.schemas.directory import SERVICES

ROOT = Path(__file__).resolve().parent.parent


def settings_class(key: str) -> type[ServiceSettings]:
    """The settings of one service."""
    found: type[ServiceSettings] = import_module(f"services.{key}.settings").Settings
    return found


def create_app(key: str, settings: ServiceSettings, seams: Seams | None = None) -> FastAPI:
    """The app of one service."""
    app: FastAPI = import_module(f"services.{key}.main").create_app(settings, seams)
    return app


def migrations_of(settings: ServiceSettings) -> ServiceMigrations:
    """What the migrate step needs to know of one service."""
    key = settings.identity.key
    package: Any = import_module(f"services.{key}.migrations")
    return ServiceMigrations(
        schema=key,
        folder=ROOT / key / "migrations",
        url=settings.database_url.get_secret_value(),
        system_url=settings.system_database_url.get_secret_value(),
        seed=getattr(package, "seed", None),
    )


def service_keys() -> list[str]:
    """Every service of the directory, in its order."""
    return list(SERVICES)
