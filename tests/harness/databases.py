"""Databases for tests: migrated once a run into a template, then copied in a tenth of a second."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from services.chassis.business import Tally, uncounted
from services.chassis.clock import SYSTEM_CLOCK, Clock
from services.chassis.database import Database
from services.chassis.migrations import ServiceMigrations, migrate
from tests.servers.postgres import PostgresServer


def login_url(owner_url: str, role: str) -> str:
    """The address of an owner's database for another role. The run's databases share roles and passwords."""
    url = make_url(owner_url).set(username=role, password=f"test-{role}")
    return url.render_as_string(hide_password=False)


def migrations_of(
    owner_url: str, schema: str, folder: Path, *, seed: Callable[[Connection], None] | None = None
) -> ServiceMigrations:
    """A service's part of the migrate step, with the logins of the tests."""
    return ServiceMigrations(
        schema=schema,
        folder=folder,
        url=login_url(owner_url, schema),
        system_url=login_url(owner_url, f"{schema}_system"),
        seed=seed,
    )


@asynccontextmanager
async def templated_database(
    server: PostgresServer, name: str, services: Sequence[ServiceMigrations]
) -> AsyncIterator[str]:
    """A fresh database with the services' migrations, as its owner's address; it is dropped at the end.

    `name` stands for the services: the first use of a run migrates its template, the others copy that.
    """

    async def build(owner_url: str) -> None:
        await migrate(owner_url, services)

    template = await server.template(name, build)
    database = f"{name}-{uuid4().hex[:12]}"
    try:
        yield await server.create_database(database, template)
    finally:
        await server.drop_database(database)


@asynccontextmanager
async def service_database(
    owner_url: str,
    schema: str,
    *,
    clock: Clock = SYSTEM_CLOCK,
    pool_size: int = 5,
    tally: Tally = uncounted,
) -> AsyncIterator[Database]:
    """A service's two logins to a database, closed at the end."""
    database = Database(
        login_url(owner_url, schema),
        login_url(owner_url, f"{schema}_system"),
        schema=schema,
        clock=clock,
        pool_size=pool_size,
        tally=tally,
    )
    try:
        yield database
    finally:
        await database.close()
