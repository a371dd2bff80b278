"""The database after the migrate step of all services: tenants apart, powerless logins, keys with tenants.

Each rule is seen to find what breaks it, planted in a transaction that is rolled back.
"""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.migrations import migrate
from services.launcher import rooms
from services.launcher.configuration import embedded_settings
from tests.harness.platform import SECRETS
from tests.harness.sql import connect
from tests.platform.database_rules import RULES
from tests.servers.postgres import PostgresServer

BAD = {
    "every table belongs to tenants": "CREATE TABLE architect.bad (id uuid PRIMARY KEY)",
    "row security is enabled and forced": """
        CREATE TABLE architect.bad (tenant_id uuid NOT NULL);
        ALTER TABLE architect.bad ENABLE ROW LEVEL SECURITY
    """,
    "policies show a tenant its own rows": "CREATE POLICY all_rows ON architect.models USING (true)",
    "unique keys include the tenant": "CREATE UNIQUE INDEX bad ON architect.models (owner)",
    "foreign keys include the tenant": """
        ALTER TABLE architect.drivers ADD COLUMN other uuid REFERENCES architect.drivers (id)
    """,
    "an index leads by each foreign key": "DROP INDEX notification.messages_of_recipient",
    "logins are nobody special": "ALTER ROLE architect BYPASSRLS",
    "logins own nothing": "ALTER TABLE architect.models OWNER TO architect",
    "a service has no right in another's schema": "GRANT SELECT (id) ON architect.models TO notification",
    "logins make nothing in a schema": "GRANT CREATE ON SCHEMA architect TO architect",
    "runtime logins only read and write rows": "GRANT TRUNCATE ON architect.models TO architect",
    "system logins have named columns": "GRANT SELECT ON architect.outbox TO architect_system",
    "system logins read nothing of a tenant's business": """
        GRANT SELECT (payload) ON architect.outbox TO architect_system
    """,
    "security definers have a fixed search path": """
        CREATE FUNCTION architect.bad() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'
    """,
    "views ask as their reader": "CREATE VIEW architect.bad AS SELECT * FROM architect.models",
}


@pytest.fixture(scope="module")
async def database_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """A database as the migrate step leaves it, as a superuser sees it."""
    name = f"architecture-{uuid4().hex[:12]}"
    owner_url = await postgres_server.create_database(name)
    settings = embedded_settings(rooms.service_keys(), owner_url, SECRETS)
    await migrate(owner_url, [rooms.migrations_of(each) for each in settings.values()])
    superuser = make_url(postgres_server.superuser_url).set(database=name)
    yield superuser.render_as_string(hide_password=False)
    await postgres_server.drop_database(name)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    async with connect(database_url) as connection:
        yield connection


async def broken_by(connection: AsyncConnection, rule: str) -> list[str]:
    """What breaks a rule."""
    query = text(RULES[rule]).bindparams(bindparam("schemas", rooms.service_keys(), ARRAY(TEXT)))
    return list((await connection.scalars(query)).all())


@pytest.mark.parametrize("rule", RULES)
async def test_it_holds(connection: AsyncConnection, rule: str) -> None:
    assert await broken_by(connection, rule) == []


@pytest.mark.parametrize("rule", RULES)
async def test_what_breaks_it_is_found(connection: AsyncConnection, rule: str) -> None:
    for statement in BAD[rule].split(";"):
        await connection.execute(text(statement))
    assert await broken_by(connection, rule)


async def test_every_service_has_both_logins(connection: AsyncConnection) -> None:
    found = await connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolcanlogin"))
    wanted = {login for key in rooms.service_keys() for login in (key, f"{key}_system")}
    assert wanted <= set(found.all())
