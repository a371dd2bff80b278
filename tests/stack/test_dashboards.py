"""What Grafana's panels show of requests and jobs is what the tests have counted and timed.

Before all files that ask for more, while every number is small and known.
"""

import asyncio
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import pytest

from services.calculation_engine.jobs.shards import SHARD
from services.chassis.telemetry.metrics import _DURATION_BUCKETS_S
from tests.calculation_engine.jobs.cases import ASYNC, SIMULATIONS, a_simulation
from tests.stack.engine import Stack, eventually
from tests.stack.instruments import _MILLISECONDS
from tests.stack.panels import NEAR, READ_WITHIN_S, Panels, same

pytestmark = pytest.mark.stack

ACCOUNTS = "/api/v1/architect/accounts"
ONE = f"{ACCOUNTS}/{{account_id}}"
FAST, MISSED, LATE, SLOW = 60, 40, 6, 16
HELD_S = 1.3
# For longer than it takes Prometheus to come by twice.
LONG = a_simulation(draws=100_000_000, outputs=["npv", "irr", "mirr", "payback_months"])


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
            """Of the service, and of the gateway before it."""
            rows = panels.asked(f'http_requests_total{{route=~"{ACCOUNTS}(/.*)?", method="GET"}}')
            through = panels.asked('sum(kong_http_requests_total{route="architect-api"})')
            return {row["metric"]["status"]: int(row["value"][1]) for row in rows} == number and [
                int(row["value"][1]) for row in through
            ] == [sum(number.values())]

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
    return Asked(panels.now(), slow, quick)


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


def recorded_since(panels: Panels, rule: str, since: float) -> tuple[float, float]:
    """When a rule was evaluated after that time, and what it recorded of the architect."""
    found = (0.0, math.nan)

    def is_recorded() -> bool:
        nonlocal found
        found = panels.recorded(rule, service="value-architect")
        return found[0] > since

    eventually(is_recorded, within_s=READ_WITHIN_S)
    return found


def test_the_health_page_s_shares_are_those_of_the_requests(panels: Panels, asked: Asked) -> None:
    """At the time at which the rule was evaluated, after all was read."""

    at, share = recorded_since(panels, "service:http_errors:ratio5m", asked.read_at)
    every = panels.rates('http_requests_total{service="value-architect"}', at, "service")
    failed = panels.rates('http_requests_total{service="value-architect",status=~"5.."}', at, "service")
    assert panels.increase('http_requests_total{service="value-architect",status=~"5.."}', at) == LATE
    assert math.isclose(share, failed["value-architect"] / every["value-architect"], rel_tol=NEAR)
    shown = panels.shown("service-health", "Share of requests answered with an error", at=at)
    assert math.isclose(shown["value-architect"], share, rel_tol=NEAR)
    shown = panels.shown("service-health", "Requests a second", at=at)
    assert math.isclose(shown["value-architect"], every["value-architect"], rel_tol=NEAR)


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
    _, recorded = recorded_since(panels, "service:http_request_duration_seconds:p95_5m", at)
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
        at = panels.now()
        assert panels.increase(computed, at) == shards
        shown = panels.shown("messaging", "Shards of jobs, by replica and outcome", at=at)
        assert same(shown, panels.rates("job_shards_total", at, "instance", "outcome"))
        long = somebody.post(SIMULATIONS, json=LONG, headers=ASYNC)
        assert long.status_code == 202, long.text
        becomes_one = "Jobs of the calculation engine under way"
        eventually(lambda: panels.shown("messaging", becomes_one).get("running") == 1, within_s=READ_WITHIN_S)
        assert somebody.delete(long.headers["location"]).is_success
