"""How the embedded platform's settings are made: from its data folder, its database, and the environment."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from services.chassis.clock import SystemClock
from services.chassis.database import Database
from services.chassis.settings import ServiceSettings
from services.launcher import rooms, running_file, secrets_file
from services.launcher.errors import CannotStart
from services.launcher.postgres_cluster import OWNER, Passwords
from services.launcher.secrets_file import PlatformSecrets
from services.schemas.directory import SERVICES


def roles_of(keys: Iterable[str]) -> list[str]:
    """The login roles of services: a runtime one and a system one each."""
    return [role for key in keys for role in (key, f"{key}_system")]


def given_database() -> str:
    """The owner's URL in `DATABASE_URL`; empty where there is none.

    Raises:
        CannotStart: it is no URL of a PostgreSQL database.
    """
    given = os.environ.get("DATABASE_URL", "")
    try:
        usable = not given or make_url(given).get_backend_name() == "postgresql"
    except (ArgumentError, ValueError):
        usable = False
    if not usable:
        raise CannotStart("DATABASE_URL is not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE.")
    return given


def login(owner_url: str, role: str, password: str) -> str:
    """The URL of a role's login on the owner's database."""
    url = make_url(owner_url).set(drivername="postgresql", username=role, password=password)
    return url.render_as_string(hide_password=False)


def database_of_service(key: str, data: Path) -> Database:
    """One service's database on a running platform, for a command beside it.

    Raises:
        CannotStart: no platform runs on this data folder, or there is no such service.
    """
    if key not in SERVICES:
        raise CannotStart(f"There is no service {key}: one of {', '.join(SERVICES)}.")
    where = running_file.read(data)
    owner = URL.create(
        "postgresql", host=where.database_host, port=where.database_port, database=where.database_name
    ).render_as_string()
    secrets = secrets_file.load_or_generate(data, roles_of([key]))
    system = f"{key}_system"
    return Database(
        login(owner, key, secrets.password_of(key)),
        login(owner, system, secrets.password_of(system)),
        schema=key,
        clock=SystemClock(),
        pool_size=1,
    )


def owner_url_of(data: Path) -> str:
    """The owner's URL of a running platform's database, for a command beside it: `DATABASE_URL`, or that of
    the server in the data folder.

    Raises:
        CannotStart: no platform runs on this data folder, or its database is not there but elsewhere.
    """
    if given := os.environ.get("DATABASE_URL", ""):
        return given
    where = running_file.read(data)
    passwords = data / "postgres" / "passwords.json"
    if not passwords.exists():
        raise CannotStart("The platform's database is not its own: set DATABASE_URL to the owner's login.")
    return URL.create(
        "postgresql",
        username=OWNER,
        password=Passwords.kept_in(passwords).owner,
        host=where.database_host,
        port=where.database_port,
        database=where.database_name,
    ).render_as_string(hide_password=False)


def embedded_settings(
    keys: Iterable[str], owner_url: str, secrets: PlatformSecrets, **overrides: Any
) -> dict[str, ServiceSettings]:
    """Each service's settings for one process: logins on one database, everything else from the environment.

    `overrides` are settings by field name, the same for all services.
    """
    return {
        key: rooms.read_settings(
            key,
            database_url=SecretStr(login(owner_url, key, secrets.password_of(key))),
            system_database_url=SecretStr(
                login(owner_url, f"{key}_system", secrets.password_of(f"{key}_system"))
            ),
            jwt_secret=SecretStr(secrets.jwt_secret),
            internal_jwt_secret=SecretStr(secrets.internal_jwt_secret),
            **overrides,
        )
        for key in keys
    }
