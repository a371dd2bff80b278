"""The migrate step from the environment: what the job runs before any container starts.

The broker's exchanges and queues are part of it: an event before its consumer's first start waits there. So
are the services' logins at the broker, where `RABBITMQ_MANAGEMENT_URL` says how to make them.
"""

import os
from collections.abc import Iterable

from services.chassis.bus.logins import CannotMakeLogins, make_logins
from services.chassis.bus.topology import CannotDeclare, declare
from services.chassis.migrations import CannotMigrate, migrate
from services.chassis.settings import ServiceSettings
from services.launcher import rooms
from services.launcher.configuration import given_database
from services.launcher.errors import CannotStart


async def migrate_from_environment() -> None:
    """Raises:
    CannotStart: DATABASE_URL or a login is missing, the owner may not make roles, or the broker refuses.
    """
    owner_url = given_database()
    if not owner_url:
        raise CannotStart("DATABASE_URL is missing: the migrate step needs the owner's login.")
    settings = [rooms.read_settings(key) for key in rooms.service_keys()]
    await migrate_services(owner_url, settings)
    try:
        if broker_url := os.environ.get("RABBITMQ_URL", ""):
            await declare(broker_url)
        if management_url := os.environ.get("RABBITMQ_MANAGEMENT_URL", ""):
            logins = [each.rabbitmq_url.get_secret_value() for each in settings]
            await make_logins(management_url, broker_url, filter(None, logins))
    except (CannotDeclare, CannotMakeLogins) as error:
        raise CannotStart(str(error)) from error


async def migrate_services(owner_url: str, settings: Iterable[ServiceSettings]) -> None:
    """Brings the database of these services to this release.

    Raises:
        CannotStart: it does not open, or its owner may not do what it must.
    """
    try:
        await migrate(owner_url, [rooms.migrations_of(each) for each in settings])
    except CannotMigrate as error:
        raise CannotStart(str(error)) from error
