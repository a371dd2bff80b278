"""What Grafana's panels show of the stores and the broker is what these say themselves."""

import asyncio
import math
import re
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx2
import pytest
from redis import Redis

from services.schemas.directory import SERVICES
from tests.stack.engine import Stack, eventually
from tests.stack.panels import READ_WITHIN_S, Panels, same

pytestmark = pytest.mark.stack

TRANSACTIONS, ROLLED_BACK, HITS, MISSES = 400, 100, 300, 100
# What no database has, the exporter does not tell.
_DATABASES = "from pg_stat_database where datname is not null"
# Each a series that is counted in the store itself: how the panels ask for it, and where it says so.
_COUNTED = {
    "sum(pg_stat_database_xact_commit)": "xact_commit",
    "sum(pg_stat_database_xact_rollback)": "xact_rollback",
    "sum(pg_stat_database_blks_hit)": "blks_hit",
    "sum(pg_stat_database_blks_read)": "blks_read",
    "sum(redis_keyspace_hits_total)": "keyspace_hits",
    "sum(redis_keyspace_misses_total)": "keyspace_misses",
}


def sql(stack: Stack, statement: str) -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(stack.owner_url)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def redis_of(stack: Stack) -> Redis:
    return Redis(port=int(stack.environment["REDIS_PORT"]), password=stack.setting("REDIS_PASSWORD"))


def test_postgresql_s_panels_show_what_it_says_itself(stack: Stack, panels: Panels) -> None:
    with pytest.raises(asyncpg.DeadlockDetectedError):
        asyncio.run(_deadlock(stack.owner_url))

    def counted(column: str) -> Callable[[], dict[str, float]]:
        return lambda: {"": float(sql(stack, f"select sum({column}) {_DATABASES}")[0][0])}

    panels.become("database-performance", "Deadlocks", counted("deadlocks"))
    assert counted("deadlocks")()[""] >= 1
    assert panels.shown("database-performance", "PostgreSQL") == {"": 1}
    (limit,) = sql(stack, "show max_connections")[0]
    assert panels.shown("database-performance", "Connections", "limit") == {"": float(limit)}
    sizes = {row[0]: row[1] for row in sql(stack, "select datname, pg_database_size(oid) from pg_database")}
    shown = panels.shown("database-performance", "Size")
    assert shown.keys() == sizes.keys()
    assert shown["template0"] == sizes["template0"]
    assert math.isclose(shown["valueverse"], sizes["valueverse"], rel_tol=0.05)


async def _deadlock(url: str) -> None:
    """Two who wait for each other; PostgreSQL refuses one of them."""
    one, other = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        await one.execute("begin; select pg_advisory_xact_lock(1)")
        await other.execute("begin; select pg_advisory_xact_lock(2)")
        waiting = [
            asyncio.create_task(one.execute("select pg_advisory_xact_lock(2)")),
            asyncio.create_task(other.execute("select pg_advisory_xact_lock(1)")),
        ]
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
        refused = [each.exception() for each in done if each.exception()]
        await asyncio.gather(*pending, return_exceptions=True)
        raise refused[0] or AssertionError
    finally:
        for connection in (one, other):
            connection.terminate()


def test_connections_are_shown_as_the_server_counts_them(stack: Stack, panels: Panels) -> None:
    asked = "select numbackends from pg_stat_database where datname = 'valueverse'"
    seen: list[int] = []

    def lies_between() -> bool:
        seen.append(sql(stack, asked)[0][0])
        shown = panels.shown("database-performance", "Connections", "{{datname}}")
        # The exporter's own connection may not be there while it is asked; the test's own is in `seen` alone.
        return min(seen) - 2 <= shown["valueverse"] <= max(seen) + 1 and shown["template1"] == 0

    eventually(lies_between, within_s=READ_WITHIN_S)
    assert min(seen) > len(SERVICES)


def test_redis_s_panels_show_what_it_says_itself(stack: Stack, panels: Panels) -> None:
    with redis_of(stack) as redis:
        panels.become(
            "cache-hit-rates",
            "Keys that Redis dropped for want of memory",
            lambda: {"": float(redis.info("stats")["evicted_keys"])},
        )
        assert panels.shown("cache-hit-rates", "Redis") == {"": float(redis.ping())}
        limit = float(redis.config_get("maxmemory")["maxmemory"])
        assert panels.shown("cache-hit-rates", "Redis's memory", "limit (0 is none)") == {"": limit}
        used = redis.info("memory")["used_memory"]
        shown = panels.shown("cache-hit-rates", "Redis's memory", "used")[""]
        assert math.isclose(shown, used, rel_tol=0.2)


def test_rabbitmq_s_panels_show_what_it_says_itself(stack: Stack, panels: Panels) -> None:
    login = ("valueverse", stack.setting("RABBITMQ_PASSWORD"))
    with httpx2.Client(
        base_url=f"{stack.url('RABBITMQ_MANAGEMENT_PORT')}/api", auth=login, trust_env=False, timeout=30
    ) as broker:

        def queues(column: str) -> dict[str, float]:
            rows = broker.get("/queues/valueverse").raise_for_status().json()
            return {row["name"]: float(row.get(column, 0)) for row in rows}

        def of_services(column: str) -> dict[str, float]:
            own = re.compile(r"valueverse\.[a-z_]+(\.work)?")
            return {name: value for name, value in queues(column).items() if own.fullmatch(name)}

        message = {"properties": {}, "payload": "{}", "payload_encoding": "string"}
        for _ in range(3):
            sent = {"routing_key": "valueverse.executor.dead", **message}
            assert broker.post("/exchanges/valueverse/amq.default/publish", json=sent).json()["routed"]
        panels.become("messaging", "Dead letters that wait", lambda: {"": 3.0})
        panels.become("messaging", "Messages in the queues", lambda: of_services("messages"))
        panels.become("messaging", "Consumers of the queues", lambda: of_services("consumers"))
        waiting = panels.shown("messaging", "Messages that wait to be tried again")
        assert set(waiting) == {name for name in queues("messages") if ".retry." in name}
        broker.delete("/queues/valueverse/valueverse.executor.dead/contents").raise_for_status()


def counted_by_the_stores(stack: Stack) -> dict[str, float]:
    """What they have counted up to now, by the expressions with which Prometheus is asked for as much."""
    columns = [column for column in _COUNTED.values() if not column.startswith("keyspace")]
    (row,) = sql(stack, f"select {','.join(f'sum({each}) as {each}' for each in columns)} {_DATABASES}")
    with redis_of(stack) as redis:
        told = {**dict(row), **redis.info("stats")}
    return {expression: float(told[column]) for expression, column in _COUNTED.items()}


async def _transactions(url: str) -> None:
    connection = await asyncpg.connect(url)
    for _ in range(TRANSACTIONS):
        await connection.execute("select 1")
    for _ in range(ROLLED_BACK):
        await connection.execute("begin; rollback")
    await connection.close()


def test_rates_of_the_stores_are_those_of_what_they_counted(stack: Stack, panels: Panels) -> None:
    """What was read lies between what they said before and after, the test's own work included."""
    before = counted_by_the_stores(stack)
    asyncio.run(_transactions(stack.owner_url))
    with redis_of(stack) as redis:
        redis.set("stack-test", "here", ex=60)
        for _ in range(HITS):
            redis.get("stack-test")
        for _ in range(MISSES):
            redis.get("stack-test-none")
    own = dict(zip(_COUNTED, (TRANSACTIONS, ROLLED_BACK, 0, 0, HITS, MISSES), strict=True))
    read: dict[str, float] = {}

    def all_is_read() -> bool:
        read.update({each: float(panels.asked(each)[0]["value"][1]) for each in _COUNTED})
        return all(read[each] >= before[each] + own[each] for each in _COUNTED)

    eventually(all_is_read, within_s=READ_WITHIN_S)
    at = panels.now()
    read = {each: float(panels.asked(each, at)[0]["value"][1]) for each in _COUNTED}
    after = counted_by_the_stores(stack)
    assert all(read[each] <= after[each] for each in _COUNTED)

    def rate(name: str) -> float:
        return sum(panels.rates(name, at, "job").values())

    def shown(panel: str, legend: str, dashboard: str = "cache-hit-rates") -> float:
        (value,) = panels.shown(dashboard, panel, legend, at=at).values()
        return value

    committed, rolled_back = rate("pg_stat_database_xact_commit"), rate("pg_stat_database_xact_rollback")
    hits, misses = rate("redis_keyspace_hits_total"), rate("redis_keyspace_misses_total")
    buffered, loaded = rate("pg_stat_database_blks_hit"), rate("pg_stat_database_blks_read")
    assert min(committed, rolled_back, hits, misses, buffered) > 0
    expected = {
        "committed": committed,
        "rolled back": rolled_back,
        "Redis": hits / (hits + misses),
        "PostgreSQL": buffered / (buffered + loaded),
    }
    assert same(
        {
            "committed": shown("Transactions a second", "committed", "database-performance"),
            "rolled back": shown("Transactions a second", "rolled back", "database-performance"),
            "Redis": shown("Hits of Redis's keys", "Redis"),
            "PostgreSQL": shown("Hits of PostgreSQL's buffers", "PostgreSQL"),
        },
        expected,
    )
