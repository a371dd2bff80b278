"""The migrate step: roles, schemas and tables, again and again, by one at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from services.chassis import migrations
from services.chassis.migrations import CannotMigrate, ServiceMigrations, migrate
from tests.chassis.probe import MIGRATIONS
from tests.harness.databases import login_url, migrations_of
from tests.harness.sql import connect, sqlstate_of
from tests.servers.postgres import PostgresServer


def services_of(owner_url: str) -> list[ServiceMigrations]:
    return [migrations_of(owner_url, key, MIGRATIONS) for key in ("probe", "listener")]


@pytest.fixture
async def empty_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """A database without anything, as its owner's address."""
    name = f"empty-{uuid4().hex[:12]}"
    yield await postgres_server.create_database(name)
    await postgres_server.drop_database(name)


async def tables_of(owner_url: str, schema: str) -> set[str]:
    async with connect(owner_url) as connection:
        found = await connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = :schema"), {"schema": schema}
        )
        return set(found)


async def test_each_service_gets_its_own_schema(empty_url: str) -> None:
    await migrate(empty_url, services_of(empty_url))
    for schema in ("probe", "listener"):
        assert {"outbox", "inbox", "notes", "alembic_version"} <= await tables_of(empty_url, schema)
    assert await tables_of(empty_url, "public") == set()


async def test_a_second_time_changes_nothing(empty_url: str) -> None:
    await migrate(empty_url, services_of(empty_url))
    before = await fingerprint(empty_url)
    await migrate(empty_url, services_of(empty_url))
    assert await fingerprint(empty_url) == before


async def fingerprint(owner_url: str) -> list[object]:
    """Every table, policy and grant of the services."""
    async with connect(owner_url) as connection:
        found: list[object] = []
        for query in (
            "SELECT oid, relname, relacl::text FROM pg_class WHERE relnamespace IN "
            "(SELECT oid FROM pg_namespace WHERE nspname IN ('probe', 'listener')) ORDER BY oid",
            "SELECT oid, polname FROM pg_policy ORDER BY oid",
            "SELECT nspname, nspacl::text FROM pg_namespace ORDER BY nspname",
            "SELECT defaclnamespace, defaclacl::text FROM pg_default_acl ORDER BY 1",
        ):
            found += (await connection.execute(text(query))).all()
        return found


async def test_two_at_once_take_turns(empty_url: str) -> None:
    await asyncio.gather(*(migrate(empty_url, services_of(empty_url)) for _ in range(2)))
    async with connect(empty_url, "probe") as connection:
        assert (await connection.scalars(text("SELECT version_num FROM alembic_version"))).all() == ["0002"]


async def test_migrate_steps_of_several_databases_share_the_roles(
    postgres_server: PostgresServer, empty_url: str
) -> None:
    async def make_logins(owner_url: str) -> None:
        engine = migrations._owner_engine(owner_url)
        async with migrations._locked(engine) as connection:
            for _ in range(10):
                await migrations._make_logins(connection, services_of(owner_url)[0])
        await engine.dispose()

    name = f"other-{uuid4().hex[:12]}"
    other_url = await postgres_server.create_database(name)
    try:
        await asyncio.gather(make_logins(empty_url), make_logins(other_url))
    finally:
        await postgres_server.drop_database(name)


async def test_the_runtime_role_is_nobody_special(empty_url: str) -> None:
    await migrate(empty_url, services_of(empty_url))
    async with connect(empty_url) as connection:
        special = await connection.scalars(
            text(
                "SELECT rolname FROM pg_roles WHERE rolname IN ('probe', 'probe_system') "
                "AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)"
            )
        )
        assert special.all() == []
        owned = await connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE tableowner IN ('probe', 'probe_system')")
        )
        assert owned.all() == []


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM listener.notes", "CREATE TABLE mine (id int)", "DROP TABLE notes"]
)
async def test_the_runtime_role_stays_in_its_room(empty_url: str, statement: str) -> None:
    await migrate(empty_url, services_of(empty_url))
    async with connect(login_url(empty_url, "probe"), "probe") as connection:
        with pytest.raises(DBAPIError) as refusal:
            await connection.execute(text(statement))
    assert sqlstate_of(refusal.value) == "42501"


async def test_a_new_password_is_taken_over(empty_url: str) -> None:
    """Of a login of its own: roles are the server's, and others work with the probe's meanwhile."""
    newcomer = migrations_of(empty_url, "newcomer", MIGRATIONS)
    await migrate(empty_url, [newcomer])
    other = newcomer.url.replace("test-newcomer", quote("it's 100% another \\one"))
    await migrate(empty_url, [replace(newcomer, url=other)])
    async with connect(other, "newcomer") as connection:
        assert await connection.scalar(text("SELECT current_user")) == "newcomer"


async def test_an_owner_without_createrole_is_told_in_one_line(
    postgres_server: PostgresServer, empty_url: str
) -> None:
    role = f"weak_{uuid4().hex[:12]}"
    async with connect(postgres_server.superuser_url) as connection:
        await connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'test-{role}'"))
        await connection.commit()
    with pytest.raises(CannotMigrate, match="CREATEROLE") as refusal:
        await migrate(login_url(empty_url, role), services_of(empty_url))
    assert "\n" not in str(refusal.value)


async def test_an_owner_that_may_not_make_schemas_is_told_in_one_line(
    postgres_server: PostgresServer, empty_url: str
) -> None:
    role = f"weak_{uuid4().hex[:12]}"
    async with connect(postgres_server.superuser_url) as connection:
        await connection.execute(text(f"CREATE ROLE {role} LOGIN CREATEROLE PASSWORD 'test-{role}'"))
        await connection.commit()
    services = [migrations_of(empty_url, role + "_service", MIGRATIONS)]
    with pytest.raises(CannotMigrate, match="permission denied") as refusal:
        await migrate(login_url(empty_url, role), services)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"password": "wrong"}, "password authentication failed"),
        ({"port": 1}, "does not answer"),
    ],
)
async def test_a_database_that_does_not_open_is_told_in_one_line(
    empty_url: str, wrong: dict[str, Any], complaint: str
) -> None:
    url = make_url(empty_url).set(**wrong).render_as_string(hide_password=False)
    with pytest.raises(CannotMigrate, match=complaint) as refusal:
        await migrate(url, services_of(empty_url))
    assert "\n" not in str(refusal.value)


async def test_a_login_with_another_name_is_refused(empty_url: str) -> None:
    (probe, listener) = services_of(empty_url)
    with pytest.raises(CannotMigrate, match="must be named probe"):
        await migrate(empty_url, [replace(probe, url=listener.url)])


async def test_the_seed_runs_after_the_migrations_and_is_committed(empty_url: str) -> None:
    def seed(connection: Connection) -> None:
        connection.execute(
            text("INSERT INTO product_words (id, tenant_id) VALUES (7, NULL) ON CONFLICT DO NOTHING")
        )

    (probe, _) = services_of(empty_url)
    for _ in range(2):
        await migrate(empty_url, [replace(probe, seed=seed)])
    async with connect(login_url(empty_url, "probe"), "probe") as connection:
        assert (await connection.scalars(text("SELECT id FROM product_words"))).all() == [7]


async def test_no_statement_tells_a_password(empty_url: str) -> None:
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        await migrate(empty_url, services_of(empty_url))
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    assert any("ROLE probe LOGIN" in statement for statement in said)
    assert not [statement for statement in said if "test-probe" in statement]
