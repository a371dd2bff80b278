"""How the embedded platform's settings are made: from its data folder, its database, and the environment."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import make_url

from services.chassis.settings import ServiceSettings
from services.launcher import rooms
from services.launcher.secrets_file import PlatformSecrets


def roles_of(keys: Iterable[str]) -> list[str]:
    """The login roles of services: a runtime one and a system one each."""
    return [role for key in keys for role in (key, f"{key}_system")]


def login(owner_url: str, role: str, password: str) -> str:
    """The URL of a role's login on the owner's database."""
    url = make_url(owner_url).set(drivername="postgresql", username=role, password=password)
    return url.render_as_string(hide_password=False)


def embedded_settings(
    keys: Iterable[str], owner_url: str, secrets: PlatformSecrets, **overrides: Any
) -> dict[str, ServiceSettings]:
    """Each service's settings for one process: logins on one database, everything else from the environment.

    `overrides` are settings by field name, the same for all services.
    """
    return {
        key: rooms.settings_class(key)(
            database_url=login(owner_url, key, secrets.password_of(key)),
            system_database_url=login(owner_url, f"{key}_system", secrets.password_of(f"{key}_system")),
            jwt_secret=secrets.jwt_secret,
            internal_jwt_secret=secrets.internal_jwt_secret,
            **overrides,
        )
        for key in keys
    }
