"""A service's database: lazy, bounded, and honest about being away."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.chassis.actor import Actor
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.database import Database
from services.chassis.ids import new_id
from tests.harness.databases import login_url


def nowhere() -> Database:
    url = "postgresql://probe:x@127.0.0.1:1/nowhere"
    return Database(url, url, schema="probe", clock=SYSTEM_CLOCK)


async def test_nothing_connects_before_first_use(ada: Actor) -> None:
    database = nowhere()
    async with database.unit_of_work(ada):
        pass
    await database.close()


async def test_the_system_login_commits_at_the_end(probe_database: Database) -> None:
    async with probe_database.system() as connection:
        assert await connection.scalar(text("SELECT current_user")) == "probe_system"


async def test_connections_have_the_schema_and_limits(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        for name, value in (
            ("search_path", "probe"),
            ("statement_timeout", "15s"),
            ("idle_in_transaction_session_timeout", "30s"),
            ("application_name", "valueverse-probe"),
        ):
            assert await uow.session.scalar(text(f"SHOW {name}")) == value


async def test_units_of_work_of_several_tenants_do_not_meet(probe_database: Database) -> None:
    async def setting_of(actor: Actor) -> bool:
        async with probe_database.unit_of_work(actor) as uow:
            found = await uow.session.scalar(text("SELECT current_setting('app.tenant_id')"))
            return bool(found == str(actor.tenant))

    assert all(await asyncio.gather(*(setting_of(Actor(new_id(), "x")) for _ in range(40))))


async def test_the_password_is_in_no_error(probe_url: str) -> None:
    url = login_url(probe_url, "probe").replace("test-probe", "wrong-secret")
    database = Database(url, url, schema="probe", clock=SYSTEM_CLOCK)
    with pytest.raises(Exception, match="authentication") as failure:
        await database.ping()
    assert "wrong-secret" not in str(failure.value)
    await database.close()


async def test_the_values_of_a_statement_are_in_no_error(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        with pytest.raises(DBAPIError) as failure:
            await uow.session.execute(text("SELECT cast(:value AS integer) FROM nowhere"), {"value": 4711})
    assert "nowhere" in str(failure.value)
    assert "4711" not in str(failure.value)
