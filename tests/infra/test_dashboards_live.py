"""Every panel's query, asked of a real Prometheus that reads the platform as it is configured to."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from sqlalchemy import text

from services.chassis.bus import BusAway
from services.chassis.bus.local import LocalBus
from services.chassis.runtime import Runtime
from services.schemas.directory import SERVICES
from tests.amplifier.api.cases import active, closed, measured, reading, stepped
from tests.amplifier.ways import Way
from tests.architect.api.cases import drafted, got
from tests.chassis.http_server import serving
from tests.committer.api.cases import SETTLEMENTS, Deal
from tests.committer.api.payloads import closed as period_closed
from tests.executor.api import cases as delivery
from tests.harness.platform import Company, TestPlatform, running_platform
from tests.harness.sql import connect
from tests.harness.waiting import eventually
from tests.infra.counted import counting
from tests.infra.counted_panels import Work, agree
from tests.infra.dashboards import QUERIES, Query, query
from tests.infra.live import WITHIN_S, Counts, all_are_up, configuration, pages, values_of
from tests.servers.missing import MissingServer, skip_or_fail
from tests.servers.postgres import PostgresServer
from tests.servers.prometheus import PrometheusProcess, PrometheusServer

_BESIDE = ("kong", "rabbitmq", "redis", "postgres", "consul", "prometheus")

# Panels of what fails: they have nothing to show on a sound platform.
_MAY_BE_EMPTY = {("service-health", "Alerts by name"), ("requests-and-responses", "Failing routes")}

# What a table of each service's holds, by the labels of the panel that shows as much.
_INBOX = query("messaging", "Notifications since the start")
_HELD = {
    query("messaging", "Handled since the start"): "select '{name}', count(*) from {key}.inbox",
    query("messaging", "Events not published"): (
        "select '{name}', count(*) from {key}.outbox where published_at is null"
    ),
    query("messaging", "Sagas ended since the start"): (
        "select 'done ' || name, count(*) from {key}.sagas where status = 'done' group by name"
    ),
    _INBOX: "select 'in-app delivered', count(*) from notification.messages",
}

_OLDEST = """
    select coalesce(extract(epoch from clock_timestamp() - min(occurred_at)), 0)
    from committer.outbox where published_at is null
"""
_UNDER_WAY = """
    select name || ' ' || status, count(*) from committer.sagas
    where status in ('running', 'compensating', 'stuck') group by name, status
"""


@pytest.fixture(scope="module")
async def platform(postgres_server: PostgresServer) -> AsyncIterator[TestPlatform]:
    """A platform that nobody else has asked anything: small pages, which can be read each second."""
    database = f"dashboards-{uuid4().hex[:12]}"
    owner_url = await postgres_server.create_database(database)
    with counting(database) as counted:
        async with running_platform(owner_url) as running:
            counted.show(running)
            yield running


@pytest.fixture(scope="module")
async def prometheus(platform: TestPlatform, own_folder: Path) -> AsyncIterator[PrometheusServer]:
    """A Prometheus that has read everything once."""
    process = PrometheusProcess(own_folder)
    async with serving(pages(platform)) as address:
        config = configuration(address, process.server)
        (own_folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        try:
            await asyncio.to_thread(process.start)
            await eventually(lambda: all_are_up(process.server), within_s=WITHIN_S)
            yield process.server
        except MissingServer as error:
            skip_or_fail(str(error))
        finally:
            process.dispose()


async def test_what_the_panels_count_is_what_was_done(
    platform: TestPlatform, company: Company, prometheus: PrometheusServer
) -> None:
    value = [query("value", f"Value {what}") for what in ("committed", "realised", "at risk", "settled")]
    together = [each for each in QUERIES if each.panel == "Committed, realised, at risk"]
    periods = [each for each in QUERIES if each.panel == "Periods closed"]
    work = [query("value", panel) for panel in ("Models approved", "Milestones accepted", "Plans completed")]
    answered = query("requests-and-responses", "Answered since the start")
    sagas = query("messaging", "Sagas ended since the start")
    counts = await Counts.begin(prometheus, *value, *together, *periods, *work, answered, sagas)

    deal = Deal(company)
    contract = await deal.in_force()
    await deal.tell(period_closed(contract, "2026-Q1"))
    settlements = (await got(deal.manager, SETTLEMENTS, contract_id=contract["id"]))["items"]
    promised = sum(float(amount) for each in contract["commitments"] for amount in each["committed"])
    reader = company.person("della", "delivery-manager")
    for _ in range(7):
        assert (await reader.get("/api/v1/executor/plans")).is_success
    delivered = await _delivered(company)
    sam, grace = company.person("sam", "success-lead"), company.person("grace", "approver")
    plan = await active(company)
    await measured(sam, plan)
    done = await closed(company, plan)
    await measured(sam, plan, [reading("2026-03", "0.021", "2026-06-10", "scrap_share")])
    restated = (await stepped(grace, plan, "restate")).json()
    missed = await closed(company, await active(company))

    realised = sum(float(each["realised"]["amount"]) for each in done["figures"])
    at_risk = {"at_risk": 0.0, "missed": 0.0}
    for each in (*restated["figures"], *missed["figures"]):
        if each["standing"] in at_risk:
            at_risk[each["standing"]] += float(each["committed"]["amount"])
    assert min(realised, *at_risk.values()) > 0
    for panel, total in zip(together, (promised, realised, sum(at_risk.values())), strict=True):
        await counts.become(panel, {"EUR": total})
    await counts.become(value[0], {"EUR": promised})
    await counts.become(value[1], {"EUR": realised})
    await counts.become(value[2], {f"EUR {standing}": amount for standing, amount in at_risk.items()})
    await counts.become(value[3], {"EUR": sum(float(each["net"]["amount"]) for each in settlements)})
    for panel, count in zip((*periods, *work), (2, 1, 3, 2, 1), strict=True):
        await counts.become(panel, {"": count})
    await counts.become(answered, {"value-executor": 7 + delivered})
    await counts.become(sagas, {"done activate-contract": 1})


async def _delivered(company: Company) -> int:
    """Has a plan's two milestones accepted, the last of which completes it; how many requests that took."""
    account = str(uuid4())
    dana, cara = (
        company.person("dana", "delivery-manager"),
        company.person("cara", "customer", account=account),
    )
    plan = await delivery.made(dana, account_id=account)
    for key in ("pilot", "rollout"):
        assert (await delivery.stepped(dana, plan, key, "deliver")).is_success
        accepted = await delivery.stepped(cara, plan, key, "accept", {"accepted_on": "2026-03-02"})
        assert accepted.is_success
    return 1 + 2 * 4  # each step reads the milestone first


async def test_the_panels_show_what_the_database_holds(
    platform: TestPlatform, postgres_server: PostgresServer, company: Company, prometheus: PrometheusServer
) -> None:
    await Deal(company).in_force()
    held: dict[str, Any] = {}
    shown: dict[str, Any] = {}

    async def they_agree() -> bool:
        nonlocal held, shown
        held = await _held(postgres_server, platform.database)
        shown = {str(panel): await values_of(prometheus, panel) for panel in _HELD}
        return all(shown[panel].items() >= rows.items() for panel, rows in held.items())

    try:
        await eventually(they_agree, within_s=WITHIN_S)
    except TimeoutError:
        raise TimeoutError(f"{shown}, not {held}") from None
    assert held[str(_INBOX)]["in-app delivered"] > 0


def _superuser_url(server: PostgresServer, database: str) -> str:
    return f"{server.superuser_url.rpartition('/')[0]}/{database}"


async def _held(server: PostgresServer, database: str) -> dict[str, dict[str, int]]:
    """What the panels should show, counted in the database by its superuser, who sees all tenants."""
    async with connect(_superuser_url(server, database)) as connection:

        async def counted(statement: str) -> dict[str, int]:
            found: dict[str, int] = {}
            for each in SERVICES.values():
                rows = await connection.execute(text(statement.format(name=each.name, key=each.key)))
                found |= {row[0]: row[1] for row in rows}
            return found

        return {str(panel): await counted(statement) for panel, statement in _HELD.items()}


class _Away(LocalBus):
    """A bus that cannot be reached."""

    async def ping(self) -> None:
        raise BusAway("the test has taken it away")


async def test_what_waits_for_the_bus_is_shown_while_it_does(
    platform: TestPlatform,
    postgres_server: PostgresServer,
    company: Company,
    prometheus: PrometheusServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An age lies between what the database says before it is shown and after."""
    committer = SERVICES["committer"].name
    under_way = query("messaging", "Sagas under way")
    ages = [each for each in QUERIES if each.panel == "Oldest event not published"]
    assert len(ages) == 2

    async def oldest() -> float:
        return float((await database.execute(text(_OLDEST))).scalar_one())

    async def ages_shown(at_least: float) -> list[float] | None:
        shown = [(await values_of(prometheus, each))[committer] for each in ages]
        return shown if min(shown) >= at_least else None

    async def is_empty() -> bool:
        shown = [(await values_of(prometheus, each))[committer] for each in ages]
        return [*shown, await oldest()] == [0.0, 0.0, 0.0]

    async def sagas_are_shown(number: int) -> bool:
        held = {row[0]: float(row[1]) for row in await database.execute(text(_UNDER_WAY))}
        shown = await values_of(prometheus, under_way)
        return held.get("activate-contract running", 0) == number and held == {
            label: value for label, value in shown.items() if value
        }

    deal = Deal(company)
    async with connect(_superuser_url(postgres_server, platform.database)) as database:
        with monkeypatch.context() as taken:
            taken.setattr(deal.runtime.relay, "_bus", _Away())
            await deal.signed()
            await deal.signed()
            before = await oldest()
            shown = await eventually(lambda: ages_shown(before), within_s=WITHIN_S)
            assert 0 < before <= max(shown) <= await oldest()
            await eventually(lambda: sagas_are_shown(2), within_s=WITHIN_S)
        await eventually(lambda: sagas_are_shown(0), within_s=WITHIN_S)
        await eventually(is_empty, within_s=WITHIN_S)


async def test_a_breaker_is_shown_open_while_its_peer_is_away(
    platform: TestPlatform, company: Company, prometheus: PrometheusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens after five calls in a row that nobody answered."""
    runtime: Runtime = platform.embedded.apps["value-architect"].state.runtime
    engine = runtime.peer("calculation-engine")
    way = Way(engine._client._transport, company.tenant)
    monkeypatch.setattr(engine._client, "_transport", way)
    monkeypatch.setattr(engine._breaker, "_open_for_s", 0.05)
    ada = company.person("ada", "value-engineer")
    panel = query("service-health", "Circuit breakers")

    async def becomes(state: float) -> None:
        async def is_shown() -> bool:
            return (await values_of(prometheus, panel)).get("calculation-engine value-architect") == state

        await eventually(is_shown, within_s=WITHIN_S)

    async def is_checked() -> bool:
        return bool((await drafted(ada))["current"]["checked"])

    way.is_open = True
    assert await is_checked()
    await becomes(0)
    way.is_open = False
    assert not any([await is_checked() for _ in range(5)])
    await becomes(2)
    way.is_open = True
    await eventually(is_checked)
    await becomes(0)


async def test_rates_and_durations_are_those_that_the_test_counted(
    company: Company, prometheus: PrometheusServer
) -> None:
    await Deal(company).in_force()
    await agree(prometheus, Work(company))


async def test_the_share_of_hits_is_that_of_the_reads(
    platform: TestPlatform, prometheus: PrometheusServer
) -> None:
    cache = platform.embedded.apps["value-architect"].state.runtime.cache
    panel = query("cache-hit-rates", "Hits of the services' reads")
    before = (cache.reads.hits, cache.reads.misses)
    key = f"test:{uuid4()}"
    await cache.set(key, b"1", ttl_s=60)
    for asked in (key, key, key, f"{key}:none"):
        await cache.get(asked)
    assert (cache.reads.hits, cache.reads.misses) == (before[0] + 3, before[1] + 1)

    async def is_shown() -> bool:
        return math.isclose((await values_of(prometheus, panel)).get("value-architect", math.nan), 0.75)

    await eventually(is_shown, within_s=WITHIN_S)


async def test_every_panel_has_something_to_show(
    platform: TestPlatform, company: Company, prometheus: PrometheusServer
) -> None:
    empty: set[tuple[str, str]] = set()

    async def all_show() -> bool:
        nonlocal empty
        empty = {(each.dashboard, each.panel) for each in QUERIES if not await values_of(prometheus, each)}
        return empty <= _MAY_BE_EMPTY

    # A rate wants two scrapes; a first event is handled, a peer first asked, when somebody does something.
    await Deal(company).in_force()
    await platform.embedded.apps["value-architect"].state.runtime.cache.get("nothing")
    try:
        await eventually(all_show, within_s=WITHIN_S)
    except TimeoutError:
        raise TimeoutError(f"nothing to show: {sorted(empty - _MAY_BE_EMPTY)}") from None


@pytest.mark.parametrize(
    ("panel", "expected"),
    [
        (query("service-health", "Replicas that answer"), {each.name: 1.0 for each in SERVICES.values()}),
        (query("service-health", "Alerts"), {"": 0.0}),
        (query("service-health", "Beside the services"), dict.fromkeys(_BESIDE, 1.0)),
        (
            query("requests-and-responses", "What the gateway answers"),
            {"200 architect": 0.0, "401 architect": 0.0},
        ),
        (query("cache-hit-rates", "Redis"), {"": 1.0}),
        (
            query("cache-hit-rates", "Calls that the cache did not answer, since the start"),
            {each.name: 0.0 for each in SERVICES.values()},
        ),
        (query("cache-hit-rates", "Keys that Redis dropped for want of memory"), {"": 0.0}),
        (query("database-performance", "PostgreSQL"), {"": 1.0}),
        (query("database-performance", "Deadlocks"), {"": 0.0}),
        (
            query("database-performance", "Size"),
            {"postgres": 7_763_635.0, "template0": 7_602_703.0, "template1": 7_602_703.0},
        ),
        (query("messaging", "Dead since the start"), {"": 0.0}),
        (
            query("messaging", "Messages in the queues"),
            {"valueverse.architect": 0.0, "valueverse.executor": 3.0, "valueverse.audit": 5.0},
        ),
        (
            query("messaging", "Consumers of the queues"),
            {"valueverse.architect": 1.0, "valueverse.executor": 1.0, "valueverse.audit": 0.0},
        ),
        (query("messaging", "Dead letters that wait"), {"": 0.0}),
        (
            query("messaging", "Messages that wait to be tried again"),
            {"valueverse.executor.retry.1000ms": 1.0},
        ),
    ],
    ids=str,
)
async def test_what_stands_still_is_shown_as_it_is(
    prometheus: PrometheusServer, panel: Query, expected: dict[str, float]
) -> None:
    shown = await values_of(prometheus, panel)
    assert {label: shown.get(label, math.nan) for label in expected} == expected


async def test_probes_are_dropped(platform: TestPlatform, prometheus: PrometheusServer) -> None:
    async def scraped(route: str) -> bool:
        asked = f'http_requests_total{{route="/api/v1/architect/{route}"}}'
        return bool(await asyncio.to_thread(prometheus.query, asked))

    async with platform.client() as client:
        for route in ("health/ready", "openapi.json"):
            assert (await client.get(f"/api/v1/architect/{route}")).is_success
    await eventually(lambda: scraped("openapi.json"), within_s=WITHIN_S)
    assert not await scraped("health/ready")


async def test_an_exemplar_names_the_trace_of_its_request(
    company: Company, prometheus: PrometheusServer
) -> None:
    trace_id = uuid4().hex
    asked = await company.person("della", "delivery-manager").get(
        "/api/v1/executor/plans", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    )
    assert asked.is_success

    async def is_kept() -> bool:
        durations = 'http_request_duration_seconds_bucket{route="/api/v1/executor/plans"}'
        return {"trace_id": trace_id} in await asyncio.to_thread(prometheus.exemplars, durations)

    await eventually(is_kept, within_s=WITHIN_S)
