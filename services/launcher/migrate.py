"""The migrate step from the environment: what the job runs before any container starts.

The broker's exchanges and queues are part of it: an event before its consumer's first start waits there.
"""

import os

from pydantic import ValidationError

from services.chassis.bus.topology import CannotDeclare, declare
from services.chassis.migrations import CannotMigrate, migrate
from services.launcher import rooms
from services.launcher.errors import CannotStart


async def migrate_from_environment() -> None:
    """Raises:
    CannotStart: DATABASE_URL or a login is missing, the owner may not make roles, or the broker refuses.
    """
    owner_url = os.environ.get("DATABASE_URL", "")
    if not owner_url:
        raise CannotStart("DATABASE_URL is missing: the migrate step needs the owner's login.")
    try:
        services = [rooms.migrations_of(rooms.settings_class(key)()) for key in rooms.service_keys()]
        await migrate(owner_url, services)
        if broker_url := os.environ.get("RABBITMQ_URL", ""):
            await declare(broker_url)
    except (ValidationError, CannotMigrate, CannotDeclare) as error:
        raise CannotStart(str(error)) from error
