"""What Grafana's panels show is what the stores themselves say, and what the tests have counted and timed.

Before all files that ask for more, while every number is small and known.
"""

import asyncio
import math
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from redis import Redis

from services.calculation_engine.jobs.shards import SHARD
from services.chassis.telemetry.metrics import _DURATION_BUCKETS_S
from tests.calculation_engine.jobs.cases import ASYNC, SIMULATIONS, a_simulation
from tests.stack.engine import Stack, eventually
from tests.stack.instruments import _MILLISECONDS
from tests.stack.panels import Panels

pytestmark = pytest.mark.stack

ACCOUNTS = "/api/v1/architect/accounts"
ONE = f"{ACCOUNTS}/{{account_id}}"
FAST, MISSED, LATE, SLOW = 60, 40, 6, 16
HELD_S = 1.3
# Prometheus's times are in milliseconds, of a window of minutes.
_MILLISECOND = 1e-5
# Two readings of everything.
READ_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def panels(stack: Stack) -> Panels:
    return Panels(stack)


def sql(stack: Stack, statement: str) -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(stack.owner_url)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def becomes(panels: Panels, dashboard: str, panel: str, expected: Callable[[], dict[str, float]]) -> None:
    """Returns when a panel shows exactly what is so at that time."""
    seen: list[Any] = []

    def is_shown() -> bool:
        seen[:] = [panels.shown(dashboard, panel), expected()]
        return bool(seen[0] == seen[1])

    try:
        eventually(is_shown, within_s=READ_WITHIN_S)
    except AssertionError:
        raise AssertionError(f"{panel} shows {seen[0]}, not {seen[1]}") from None


# --- the stores ---------------------------------------------------------------------------------------------


def test_postgresql_s_panels_show_what_it_says_itself(stack: Stack, panels: Panels) -> None:
    with pytest.raises(asyncpg.DeadlockDetectedError):
        asyncio.run(_deadlock(stack.owner_url))

    def counted(column: str) -> Callable[[], dict[str, float]]:
        return lambda: {"": float(sql(stack, f"select sum({column}) from pg_stat_database")[0][0])}

    becomes(panels, "database-performance", "Deadlocks", counted("deadlocks"))
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
    """What it counts itself before and after a reading: between them lies what is shown."""
    asked = "select numbackends from pg_stat_database where datname = 'valueverse'"
    seen = []

    def several_readings() -> bool:
        seen.append(sql(stack, asked)[0][0])
        return len(seen) > 1 and time.monotonic() > begun + 20

    begun = time.monotonic()
    eventually(several_readings, within_s=60)
    shown = panels.shown("database-performance", "Connections", "{{datname}}")
    # The exporter's own connection may not be there while it is asked; the test's own is in `seen` alone.
    assert min(seen) - 2 <= shown["valueverse"] <= max(seen) + 1
    assert shown["template1"] == 0


def test_redis_s_panels_show_what_it_says_itself(stack: Stack, panels: Panels) -> None:
    with Redis(port=int(stack.environment["REDIS_PORT"]), password=stack.setting("REDIS_PASSWORD")) as redis:
        becomes(
            panels,
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
        becomes(panels, "messaging", "Dead letters that wait", lambda: {"": 3.0})
        becomes(panels, "messaging", "Messages in the queues", lambda: of_services("messages"))
        becomes(panels, "messaging", "Consumers of the queues", lambda: of_services("consumers"))
        waiting = panels.shown("messaging", "Messages that wait to be tried again")
        assert set(waiting) == {name for name in queues("messages") if ".retry." in name}
        broker.delete("/queues/valueverse/valueverse.executor.dead/contents").raise_for_status()
        becomes(panels, "messaging", "Dead letters that wait", lambda: {"": 0.0})


# --- requests -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What was asked of the architect: until when it was read, and how long the slow and the fast took."""

    read_at: float
    slow: list[float]
    fast: list[float]


@pytest.fixture(scope="module")
def asked(stack: Stack, panels: Panels) -> Asked:
    """Requests of which the test knows number and duration, each series of them read before and after."""
    with stack.client("value-engineer") as somebody:

        def timed(path: str, status: int, **headers: str) -> float:
            begun = time.monotonic()
            answer = somebody.get(path, headers=headers)
            assert answer.status_code == status, answer.text
            return time.monotonic() - begun

        def fast(times: int) -> list[float]:
            return [timed(ACCOUNTS, 200) for _ in range(times)]

        def missed(times: int) -> None:
            for _ in range(times):
                timed(f"{ACCOUNTS}/{uuid4()}", 404)

        def late(times: int) -> None:
            for _ in range(times):
                timed(ACCOUNTS, 504, **{"X-Timeout-Ms": "1"})

        def read(number: dict[str, int]) -> bool:
            rows = panels.asked(f'http_requests_total{{route=~"{ACCOUNTS}(/.*)?", method="GET"}}')
            return {row["metric"]["status"]: int(row["value"][1]) for row in rows} == number

        fast(1)
        missed(1)
        late(1)
        eventually(lambda: read({"200": 1, "404": 1, "504": 1}), within_s=READ_WITHIN_S)
        missed(MISSED)
        late(LATE)
        quick = fast(FAST)
        slow: list[float] = []
        for _ in range(2):
            with ThreadPoolExecutor(SLOW // 2) as pool:
                with accounts_locked(stack):
                    begun = [pool.submit(timed, ACCOUNTS, 200) for _ in range(SLOW // 2)]
                    time.sleep(HELD_S)
                slow += [each.result() for each in begun]
        wanted = {"200": 1 + FAST + SLOW, "404": 1 + MISSED, "504": 1 + LATE}
        eventually(lambda: read(wanted), within_s=READ_WITHIN_S)
    return Asked(time.time(), slow, quick)


@contextmanager
def accounts_locked(stack: Stack) -> Iterator[None]:
    """Nobody reads accounts meanwhile."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(stack.owner_url))
    loop.run_until_complete(connection.execute("begin; lock table architect.accounts"))
    try:
        yield
    finally:
        loop.run_until_complete(connection.execute("rollback"))
        loop.run_until_complete(connection.close())
        loop.close()


def of_architect(**labels: str) -> str:
    matchers = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f'http_requests_total{{service="value-architect",{matchers}}}'


def same(one: dict[str, float], other: dict[str, float]) -> bool:
    return one.keys() == other.keys() and all(
        math.isclose(one[label], other[label], rel_tol=_MILLISECOND) for label in one
    )


def test_rates_are_those_of_the_requests_that_were_counted(panels: Panels, asked: Asked) -> None:
    at = asked.read_at
    assert panels.increase(of_architect(route=ACCOUNTS, status="200"), at) == FAST + SLOW
    assert panels.increase(of_architect(route=ACCOUNTS, status="504"), at) == LATE
    assert panels.increase(of_architect(route=ONE, status="404"), at) == MISSED
    every = 'http_requests_total{service=~".+"}'
    by_route = panels.shown("requests-and-responses", "Requests a second by route", at=at)
    assert same(by_route, panels.rates(every, at, "method", "route"))
    by_status = panels.shown("requests-and-responses", "Answers a second by status", at=at)
    assert same(by_status, panels.rates(every, at, "status"))
    gateway = panels.shown("requests-and-responses", "What the gateway answers", at=at)
    counted = panels.rates("kong_http_requests_total", at, "code", "service")
    assert same(gateway, counted)
    through = 'kong_http_requests_total{service="value-architect",route="architect-api",code="404"}'
    assert panels.increase(through, at) == MISSED


def test_failing_routes_are_those_that_failed(panels: Panels, asked: Asked) -> None:
    failing = panels.shown("requests-and-responses", "Failing routes", at=asked.read_at)
    assert failing[f"GET {ACCOUNTS} value-architect 504"] == 1 + LATE


def test_the_health_page_s_shares_are_those_of_the_requests(panels: Panels, asked: Asked) -> None:
    """At the time at which the rule was evaluated, after all was read."""

    def is_evaluated() -> bool:
        return panels.recorded("service:http_errors:ratio5m", service="value-architect")[0] > asked.read_at

    eventually(is_evaluated, within_s=READ_WITHIN_S)
    at, share = panels.recorded("service:http_errors:ratio5m", service="value-architect")
    every = panels.rates('http_requests_total{service="value-architect"}', at, "service")
    failed = panels.rates('http_requests_total{service="value-architect",status=~"5.."}', at, "service")
    assert panels.increase('http_requests_total{service="value-architect",status=~"5.."}', at) == LATE
    assert math.isclose(share, failed["value-architect"] / every["value-architect"], rel_tol=_MILLISECOND)
    shown = panels.shown("service-health", "Share of requests answered with an error", at=at)
    assert math.isclose(shown["value-architect"], share, rel_tol=_MILLISECOND)
    shown = panels.shown("service-health", "Requests a second", at=at)
    assert math.isclose(shown["value-architect"], every["value-architect"], rel_tol=_MILLISECOND)


def bucket(buckets: tuple[float, ...], duration: float) -> tuple[float, float]:
    """Between which limits a histogram knows a duration to lie."""
    limits = (0.0, *buckets)
    place = next(number for number, limit in enumerate(limits) if duration <= limit)
    return limits[place - 1], limits[place]


def test_durations_lie_where_the_tests_have_timed_them(panels: Panels, asked: Asked) -> None:
    """Most were fast, one in eight was held up: half lie with these, the last twentieth with those."""
    at = asked.read_at
    fast = bucket(_DURATION_BUCKETS_S, max(asked.fast))[1]
    slow = (bucket(_DURATION_BUCKETS_S, HELD_S)[0], bucket(_DURATION_BUCKETS_S, max(asked.slow))[1])
    (half,) = panels.shown("requests-and-responses", "Durations", "half", at=at).values()
    assert 0 < half <= fast
    for legend in ("19 of 20", "99 of 100"):
        (shown,) = panels.shown("requests-and-responses", "Durations", legend, at=at).values()
        assert slow[0] < shown <= slow[1]
    slowest = panels.shown("requests-and-responses", "Slowest routes", at=at)
    assert slow[0] < slowest[f"GET {ACCOUNTS} value-architect"] <= slow[1]
    assert max(slowest, key=lambda label: slowest[label]) == f"GET {ACCOUNTS} value-architect"
    milliseconds = panels.shown("requests-and-responses", "Durations at the gateway", at=at)
    low = bucket(_MILLISECONDS, HELD_S * 1000)[0]
    assert low < milliseconds["value-architect"] <= bucket(_MILLISECONDS, max(asked.slow) * 1000)[1]
    _, recorded = panels.recorded("service:http_request_duration_seconds:p95_5m", service="value-architect")
    assert slow[0] < recorded <= slow[1]
    shown_p95 = panels.shown("service-health", "Slowest in twenty requests")
    assert slow[0] < shown_p95["value-architect"] <= slow[1]


def test_what_is_held_up_is_shown_while_it_is(stack: Stack, panels: Panels) -> None:
    """Three wait for a table: they are being answered, and have three connections of a pool of ten."""
    held = 3
    with stack.client("value-engineer") as somebody:
        over = False

        def insist() -> None:
            while not over:
                somebody.get(ACCOUNTS)

        def is_shown() -> bool:
            answering = panels.shown("requests-and-responses", "Requests being answered")
            used = panels.shown("database-performance", "Share of a pool in use")
            of_requests = [share for label, share in used.items() if "runtime value-architect" in label]
            # A scrape is a request, too.
            return answering["value-architect"] == held + 1 and of_requests == [held / 10]

        with ThreadPoolExecutor(held) as pool, accounts_locked(stack):
            for _ in range(held):
                pool.submit(insist)
            try:
                eventually(is_shown, within_s=READ_WITHIN_S)
            finally:
                over = True
    eventually(
        lambda: panels.shown("requests-and-responses", "Requests being answered")["value-architect"] == 1,
        within_s=READ_WITHIN_S,
    )


def test_alerts_by_name_are_those_that_prometheus_tells(stack: Stack, panels: Panels) -> None:
    told = stack.get("PROMETHEUS_PORT", "/api/v1/alerts")["data"]["alerts"]
    firing: dict[str, float] = {}
    for alert in told:
        if alert["state"] == "firing":
            label = f"{alert['labels']['alertname']} {alert['labels']['severity']}"
            firing[label] = firing.get(label, 0.0) + 1
    assert panels.shown("service-health", "Alerts by name") == firing
    assert panels.shown("service-health", "Alerts") == {"": float(sum(firing.values()))}


def test_jobs_and_their_shards_are_shown_as_they_were_given(stack: Stack, panels: Panels) -> None:
    shards = 6
    computed = 'job_shards_total{outcome="computed"}'
    with stack.client("value-engineer") as somebody:
        before = panels.asked(computed)
        assert [float(row["value"][1]) for row in before] == [0.0]
        answer = somebody.post(SIMULATIONS, json=a_simulation(draws=shards * SHARD), headers=ASYNC)
        assert answer.status_code == 202, answer.text
        eventually(
            lambda: somebody.get(answer.headers["location"]).json()["status"] == "succeeded", within_s=120
        )
        eventually(lambda: float(panels.asked(computed)[0]["value"][1]) >= shards, within_s=READ_WITHIN_S)
        at = time.time()
        assert panels.increase(computed, at) == shards
        shown = panels.shown("messaging", "Shards of jobs, by replica and outcome", at=at)
        assert same(shown, panels.rates("job_shards_total", at, "instance", "outcome"))
        assert panels.shown("messaging", "Jobs of the calculation engine under way").get("running", 0) == 0
        long = somebody.post(SIMULATIONS, json=a_simulation(draws=4000 * SHARD), headers=ASYNC)
        assert long.status_code == 202, long.text
        becomes_one = "Jobs of the calculation engine under way"
        eventually(lambda: panels.shown("messaging", becomes_one).get("running") == 1, within_s=READ_WITHIN_S)
        assert somebody.delete(long.headers["location"]).is_success
        eventually(lambda: panels.shown("messaging", becomes_one).get("running") == 0, within_s=READ_WITHIN_S)
