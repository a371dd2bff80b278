"""The migrate step: roles, schemas, then each service's Alembic migrations, one at a time under a lock.

It alone has the owner's login, which needs CREATEROLE: it makes each service's two logins with the passwords
of the settings, and never grants one service anything on another's schema.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, exc, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from services.chassis import scram

_LOCK = 0x56414C5545  # "VALUE": one migrate step at a time in one database.
_LOCK_PATIENCE_S = 60

_INSUFFICIENT_PRIVILEGE = "42501"
_LOCK_NOT_AVAILABLE = "55P03"

# Roles belong to all databases of a server, the lock to one: another database's migrate step may be at them.
_MEANWHILE = {"XX000", "23505", "42710"}  # tuple concurrently updated; the role was just made
_LOGIN_ATTEMPTS = 10
_LOGIN_PAUSE_S = 0.05


class CannotMigrate(Exception):
    """The migrate step cannot do its work; the message is one line that says what to change."""


@dataclass(frozen=True, slots=True)
class ServiceMigrations:
    """One service's part of the migrate step.

    `seed` writes the rows shipped with the product (those without a tenant); it runs as the owner after the
    migrations and must be idempotent.
    """

    schema: str
    folder: Path
    url: str
    system_url: str
    seed: Callable[[Connection], None] | None = None


async def migrate(owner_url: str, services: Sequence[ServiceMigrations]) -> None:
    """Brings the roles, schema and tables of each service to this release.

    Raises:
        CannotMigrate: the database does not open, the owner may not do what it must, a login is not as it
            must be, or another migrate step does not end.
    """
    engine = _owner_engine(owner_url)
    try:
        async with _locked(engine) as connection:
            await _require_createrole(connection)
            for service in services:
                await _make_logins(connection, service)
        for service in services:
            await _upgrade(owner_url, service)
    except exc.DBAPIError as error:
        if _sqlstate(error) == _INSUFFICIENT_PRIVILEGE:
            raise CannotMigrate(f"DATABASE_URL's role may not do everything: {error.orig}") from error
        raise
    finally:
        await engine.dispose()


def run_env() -> None:
    """The body of every service's `migrations/env.py`: migrates on the connection the runner has opened."""
    connection: Connection = context.config.attributes["connection"]
    schema: str = context.config.attributes["schema"]
    context.configure(connection=connection, version_table_schema=schema, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def _owner_engine(owner_url: str, schema: str | None = None) -> AsyncEngine:
    url = make_url(owner_url).set(drivername="postgresql+asyncpg")
    arguments: dict[str, object] = {"timeout": 10}
    if schema is not None:
        arguments["server_settings"] = {"search_path": schema}
    if url.host in {"127.0.0.1", "localhost", "::1"}:
        arguments["ssl"] = False
    return create_async_engine(url, poolclass=NullPool, connect_args=arguments)


@asynccontextmanager
async def _opened(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    try:
        connection = await engine.connect()
    except OSError as error:
        raise CannotMigrate(f"The database of DATABASE_URL does not answer: {error}") from error
    except exc.DBAPIError as error:
        raise CannotMigrate(f"DATABASE_URL does not open its database: {error.orig}") from error
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _locked(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with _opened(engine) as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"SET lock_timeout = '{_LOCK_PATIENCE_S}s'"))
        try:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        except exc.DBAPIError as error:
            if _sqlstate(error) == _LOCK_NOT_AVAILABLE:
                raise CannotMigrate(
                    f"Another migrate step has been at work for {_LOCK_PATIENCE_S} s."
                ) from error
            raise
        try:
            yield connection
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


async def _require_createrole(connection: AsyncConnection) -> None:
    allowed = await connection.scalar(
        text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    )
    if not allowed:
        raise CannotMigrate(
            "DATABASE_URL's role lacks CREATEROLE: ALTER ROLE it CREATEROLE, then migrate again."
        )


async def _make_logins(connection: AsyncConnection, service: ServiceMigrations) -> None:
    logins = ((service.schema, service.url), (f"{service.schema}_system", service.system_url))
    for role, url in logins:
        parsed = make_url(url)
        if parsed.username != role:
            raise CannotMigrate(f"The login of {role} must be named {role}, not {parsed.username}.")
        await _make_login(connection, role, parsed)
    schema = service.schema
    await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    await connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {schema}, {schema}_system"))
    await connection.execute(
        text(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} "
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {schema}"
        )
    )


async def _make_login(connection: AsyncConnection, role: str, url: URL) -> None:
    for attempt in range(1, _LOGIN_ATTEMPTS + 1):
        try:
            await _write_login(connection, role, url)
        except exc.DBAPIError as error:
            if _sqlstate(error) not in _MEANWHILE or attempt == _LOGIN_ATTEMPTS:
                raise
            await asyncio.sleep(_LOGIN_PAUSE_S)
        else:
            return


async def _write_login(connection: AsyncConnection, role: str, url: URL) -> None:
    try:
        verifier = scram.verifier(str(url.password or ""))
    except ValueError:
        raise CannotMigrate(f"The password of {role} must be ASCII.") from None
    exists = await connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    verb = "ALTER" if exists else "CREATE"
    # A utility statement takes no parameters; the role is one of our own keys, the verifier plain base64.
    await connection.exec_driver_sql(f"{verb} ROLE {role} LOGIN PASSWORD '{verifier}'")


def _sqlstate(error: exc.DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


async def _upgrade(owner_url: str, service: ServiceMigrations) -> None:
    engine = _owner_engine(owner_url, service.schema)
    try:
        async with _locked(engine), engine.connect() as connection:
            await connection.run_sync(_run_alembic, service)
            await connection.run_sync(_run_seed, service)
            await connection.commit()
    finally:
        await engine.dispose()


def _run_seed(connection: Connection, service: ServiceMigrations) -> None:
    if service.seed is not None:
        service.seed(connection)


def _run_alembic(connection: Connection, service: ServiceMigrations) -> None:
    config = Config()
    config.set_main_option("script_location", str(service.folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["schema"] = service.schema
    command.upgrade(config, "head")
