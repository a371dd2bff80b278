"""A database that is away is told from one that refuses, however it is away."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import exc, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.chassis.absence import DatabaseAway, is_away, tell_absence
from services.chassis.actor import Actor
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.database import Database
from services.chassis.problem_answers import translate
from services.launcher.ports import free_port
from tests.harness.sql import connect
from tests.servers.postgres import PostgresServer


@pytest.fixture
async def hasty(probe_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine with one connection, on which it waits for a tenth of a second."""
    engine = create_async_engine(
        make_url(probe_url).set(drivername="postgresql+asyncpg"),
        pool_size=1,
        connect_args={"ssl": False, "command_timeout": 0.1},
    )
    tell_absence(engine.sync_engine)
    yield engine
    await engine.dispose()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "nobody.invalid"])
async def test_where_no_server_is_reached_it_is_away(host: str) -> None:
    url = f"postgresql://probe:secret@{host}:{free_port()}/probe?ssl=disable"
    database = Database(url, url, schema="probe", clock=SYSTEM_CLOCK)
    with pytest.raises(DatabaseAway) as away:
        await database.ping()
    assert translate(away.value).status == 503
    await database.close()


async def test_a_server_that_falls_silent_is_away_and_its_connection_given_up(hasty: AsyncEngine) -> None:
    pid = text("SELECT pg_backend_pid()")
    async with hasty.connect() as connection:
        silent = await connection.scalar(pid)
        with pytest.raises(DatabaseAway):
            await connection.execute(text("SELECT pg_sleep(60)"))
    async with hasty.connect() as connection:
        assert await connection.scalar(pid) != silent


@pytest.mark.parametrize(
    ("state", "away", "status"),
    [
        ("57P01", True, 503),  # shutting down
        ("53300", True, 503),  # too many connections
        ("57014", False, 503),  # cancelled: it took too long
        ("40P01", False, 503),  # deadlock
        ("40001", False, 503),  # lost a race
        ("55P03", False, 503),  # a lock was not to be had
        ("22012", False, 500),  # division by zero
    ],
)
async def test_what_the_server_says_itself(
    probe_database: Database, ada: Actor, state: str, away: bool, status: int
) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        with pytest.raises(exc.DBAPIError) as error:
            await uow.session.execute(text(f"DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END$$"))
    assert is_away(error.value) == away
    assert translate(error.value).status == status


async def test_a_killed_connection_is_away_and_the_pool_recovers(
    postgres_server: PostgresServer, probe_database: Database, ada: Actor
) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        pid = await uow.session.scalar(text("SELECT pg_backend_pid()"))
        async with connect(postgres_server.superuser_url) as superuser:
            await superuser.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(exc.DBAPIError) as failure:
            await uow.session.execute(text("SELECT 1"))
    assert is_away(failure.value)
    await probe_database.ping()


@pytest.mark.parametrize(
    "statement", ["SELECT 1/0", "SELECT * FROM nothing", "SET LOCAL statement_timeout = 'x'"]
)
async def test_a_refusal_is_not_away(probe_database: Database, ada: Actor, statement: str) -> None:
    with pytest.raises(exc.DBAPIError) as failure:
        async with probe_database.unit_of_work(ada) as uow:
            await uow.session.execute(text(statement))
    assert not is_away(failure.value)


async def test_a_statement_that_takes_too_long_is_not_away(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        await uow.session.execute(text("SET LOCAL statement_timeout = '10ms'"))
        with pytest.raises(exc.DBAPIError) as failure:
            await uow.session.execute(text("SELECT pg_sleep(5)"))
    assert not is_away(failure.value)


def test_errors_of_other_origin_are_not_away() -> None:
    assert is_away(exc.TimeoutError())
    assert not is_away(ValueError())
    assert not is_away(TimeoutError())
