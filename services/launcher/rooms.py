"""The services of the house, found by name and imported late: an image holds only its own."""

from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import ValidationError

from services.chassis.migrations import ServiceMigrations
from services.chassis.seams import Seams
from services.chassis.settings import ServiceSettings
from services.launcher.errors import CannotStart
from services.schemas.directory import SERVICES

ROOT = Path(__file__).resolve().parent.parent


def settings_class(key: str) -> type[ServiceSettings]:
    """The settings of one service."""
    found: type[ServiceSettings] = import_module(f"services.{key}.settings").Settings
    return found


def read_settings(key: str, **known: Any) -> ServiceSettings:
    """A service's settings from the environment; those that are `known` come before it.

    Raises:
        CannotStart: something is missing or not as it must be; the message names each, and shows no value.
    """
    try:
        return settings_class(key)(**known)
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise CannotStart(f"The settings of {key} are not complete and right. {reasons}") from None


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
