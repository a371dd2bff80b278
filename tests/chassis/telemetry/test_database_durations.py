"""Durations of statements, on a real database."""

import pytest
from sqlalchemy import exc, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from services.chassis.telemetry.database_durations import operation_of, time_statements
from services.chassis.telemetry.metrics import Metrics
from tests.servers.postgres import PostgresServer


@pytest.mark.parametrize(
    ("statement", "operation"),
    [
        ("SELECT 1", "SELECT"),
        ("\n  with due AS (SELECT 1)\nUPDATE x", "WITH"),
        ("(SELECT 1) UNION (SELECT 2)", "SELECT"),
        ("SET LOCAL x = 1", "other"),
        ("gibberish from somebody", "other"),
        ("", "other"),
    ],
)
def test_operations_are_a_closed_set(statement: str, operation: str) -> None:
    assert operation_of(statement) == operation


async def test_each_statement_is_timed_once_the_failed_one_too(postgres_server: PostgresServer) -> None:
    metrics = Metrics("value-architect")
    url = make_url(postgres_server.owner_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, connect_args={"ssl": False})
    time_statements("runtime", engine, metrics)

    def counted(operation: str) -> float | None:
        labels = {"pool": "runtime", "operation": operation}
        return metrics.registry.get_sample_value("database_statement_duration_seconds_count", labels)

    try:
        async with engine.connect() as connection:
            before = counted("SELECT") or 0
            await connection.execute(text("SELECT pg_sleep(0.02)"))
            assert counted("SELECT") == before + 1
            with pytest.raises(exc.DBAPIError):
                await connection.execute(text("DELETE FROM nothing_of_this_name"))
            assert counted("DELETE") == 1
    finally:
        await engine.dispose()
    labels = {"pool": "runtime", "operation": "SELECT"}
    total = metrics.registry.get_sample_value("database_statement_duration_seconds_sum", labels)
    assert total is not None
    assert total >= 0.02
