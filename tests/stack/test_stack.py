"""The platform in real containers: what people do with it, in the order in which they do it."""

import json
import re
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.calculation_engine.jobs.shards import SHARD
from services.schemas.directory import SERVICES
from tests.calculation_engine.jobs.cases import SIMULATIONS, a_simulation
from tests.harness.lives import until_consistent
from tests.stack.accounts import found_account, made_account
from tests.stack.engine import ROOT, Stack, eventually
from tests.stack.lives import in_a_thread, walked
from tests.stack.names import SRV, A
from tests.stack.probes import faults

pytestmark = pytest.mark.stack

ENGINE = "calculation-engine"
EVALUATION = json.loads((ROOT / "examples/tei/salesloft.json").read_text())
DASHBOARDS = sorted((ROOT / "infra/grafana/dashboards").glob("*.json"))
EVALUATIONS = "/api/v1/calculation-engine/evaluations"
# As the gateway promises it.
OUT_WITHIN_S, BACK_WITHIN_S = 10, 5
# Consul is asked anew after 5 s, a replica is read within 15 s of that.
DISCOVERED_WITHIN_S = 30


def evaluate(client: httpx2.Client) -> int:
    return client.post(EVALUATIONS, json=EVALUATION).status_code


def all_are_answered(client: httpx2.Client) -> bool:
    """Whether ten evaluations out of ten succeed, none of them held up by a replica that does not answer."""
    try:
        told = [client.post(EVALUATIONS, json=EVALUATION, timeout=2).status_code for _ in range(10)]
    except httpx2.TimeoutException:
        return False
    return told == [200] * 10


def requests_counted(stack: Stack, container: str) -> float:
    """How many evaluations a replica itself has counted."""
    return counted(stack, container, r'http_requests_total\{[^}]*evaluations"[^}]*\}')


def shards_computed(stack: Stack, container: str) -> float:
    return counted(stack, container, r'job_shards_total\{[^}]*"computed"[^}]*\}')


def counted(stack: Stack, container: str, series: str) -> float:
    """The sum of a replica's own series."""
    found = re.findall(rf"{series} ([0-9.]+)", own_page(stack, container, "/api/v1/metrics"))
    return sum(float(count) for count in found)


def own_page(stack: Stack, container: str, path: str) -> str:
    """What a replica itself answers; AssertionError if it does not, or with an error."""
    code = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8005{path}').read().decode())"
    return stack.docker("exec", container, "python", "-c", code)


def is_ready(stack: Stack, container: str) -> bool:
    try:
        return bool(json.loads(own_page(stack, container, "/health/ready"))["status"] == "ready")
    except AssertionError:
        return False


def test_everything_is_healthy(stack: Stack) -> None:
    assert "All healthy" in stack.script("health")
    for identity in SERVICES.values():
        direct = f"{identity.env_prefix}DIRECT_PORT"
        assert stack.get(direct, "/health") == {"status": "healthy"}
        assert stack.get(direct, "/health/ready")["status"] == "ready"
        assert httpx2.get(f"{stack.url(direct)}/docs", trust_env=False).status_code == 200
        assert stack.get("GATEWAY_PORT", f"{identity.prefix}/health") == {"status": "healthy"}


def test_the_gateway_does_what_its_file_says(stack: Stack) -> None:
    assert faults(stack.gateway, stack.setting("JWT_SECRET")) == []


def test_the_gateway_s_own_errors_are_problems(stack: Stack) -> None:
    with httpx2.Client(base_url=stack.gateway, trust_env=False) as nobody:
        for path, status in (("/api/v1/architect/drivers", 401), ("/api/v1/architectfoo", 404)):
            answer = nobody.get(path)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status


def test_the_gateway_limits_who_asks_too_often(stack: Stack) -> None:
    limit = int(stack.environment["GATEWAY_OPEN_REQUESTS_PER_MINUTE"])
    with httpx2.Client(base_url=stack.gateway, trust_env=False) as nobody:
        answers = (nobody.get("/api/v1/executor/health") for _ in range(2 * limit + 2))
        refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-remaining"] == "0"


def test_the_life_of_a_promise_goes_through_the_gateway(stack: Stack) -> None:
    """The very life of the embedded platform, before these containers; then nothing is missing or twice."""
    tenant = uuid4()
    traces = in_a_thread(walked(stack.gateway, stack.setting("JWT_SECRET"), tenant))
    found = in_a_thread(until_consistent(stack.owner_url, tenant, within_s=180))
    assert found.tenants == 1

    def one_goes_from_the_gateway_over_sql_and_bus() -> bool:
        return any(is_whole(spans_of(stack, trace)) for trace in traces)

    eventually(one_goes_from_the_gateway_over_sql_and_bus, within_s=120)


def test_what_tests_any_platform_passes_on_this_one(stack: Stack) -> None:
    """Every step of the life by its numbers, its events, its metrics and its traces."""
    told = stack.script("test", "--live", stack.gateway, "--traces", stack.url("JAEGER_PORT"))
    assert " passed" in told


def spans_of(stack: Stack, trace: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = stack.get("JAEGER_PORT", f"/api/traces/{trace}")["data"][0]["spans"]
    except httpx2.HTTPStatusError:
        return []
    return found


def is_whole(spans: list[dict[str, Any]]) -> bool:
    """Whether a trace goes from the gateway to a service, its SQL, and a handler behind the bus, unbroken."""
    tags = {(tag["key"], tag["value"]) for span in spans for tag in span["tags"]}
    ids = {span["spanID"] for span in spans}
    roots = [span for span in spans if not {each["spanID"] for each in span["references"]} & ids]
    return (
        [span["processID"] for span in roots] == ["kong"]
        and len({span["processID"] for span in spans}) > 2
        and {("db.system.name", "postgresql"), ("span.kind", "consumer")} <= tags
    )


def test_prometheus_reaches_every_target_and_knows_every_rule(stack: Stack) -> None:
    expected = {identity.name for identity in SERVICES.values()}
    expected |= {"kong", "rabbitmq", "rabbitmq-queues", "redis", "postgres", "consul", "prometheus"}
    eventually(lambda: set(stack.targets()) == {(name, "up") for name in expected}, within_s=90)
    groups = stack.get("PROMETHEUS_PORT", "/api/v1/rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert rules
    assert [rule["name"] for rule in rules if rule.get("lastError")] == []


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_asks_what_prometheus_understands(stack: Stack, dashboard: Path) -> None:
    text = dashboard.read_text()
    asked = 0
    for expression in re.findall(r'"expr": ("(?:[^"\\]|\\.)*")', text):
        query = json.loads(expression)
        for variable, value in (("$__rate_interval", "1m"), ("$__interval", "1m"), ("$__range", "1h")):
            query = query.replace(variable, value)
        query = re.sub(r"\$\{?\w+(:\w+)?\}?", ".*", query)
        assert stack.get("PROMETHEUS_PORT", "/api/v1/query", query=query)["status"] == "success", query
        asked += 1
    assert asked


def test_five_engines_share_the_work(stack: Stack) -> None:
    stack.script("scale", ENGINE, "5")
    containers = stack.containers(ENGINE)
    assert len(containers) == 5
    eventually(lambda: len(stack.passing(ENGINE)) == 5, within_s=60)
    with stack.client("value-engineer") as somebody:

        def all_have_worked() -> bool:
            assert [evaluate(somebody) for _ in range(10)] == [200] * 10
            return all(requests_counted(stack, each) > 0 for each in containers)

        eventually(all_have_worked, within_s=60)
        before = {each: requests_counted(stack, each) for each in containers}
        direct = httpx2.Client(base_url=stack.url("CALCULATION_ENGINE_DIRECT_PORT"), headers=somebody.headers)
        with direct:

            def all_have_worked_directly() -> bool:
                assert [evaluate(direct) for _ in range(10)] == [200] * 10
                return all(requests_counted(stack, each) > before[each] for each in containers)

            eventually(all_have_worked_directly, within_s=60)


def addresses_told(stack: Stack, name: str) -> dict[str, list[str]]:
    """The addresses that stand in Consul's answers to Kong, by the kind of the question."""
    told = stack.named(name)
    return {
        kind: sorted({each["data"] for each in records if each["kind"] == A})
        for kind, records in told.items()
    }


def test_consul_tells_kong_every_replica_with_its_port(stack: Stack) -> None:
    """Five do not fit into an answer by UDP: it says so, and they come by TCP."""
    replicas = stack.passing(ENGINE)
    assert len(replicas) == 5
    assert addresses_told(stack, f"{ENGINE}.service.consul") == {"A": replicas, "SRV": replicas}
    records = stack.named(f"{ENGINE}.service.consul")["SRV"]
    ports = [each["data"][0] for each in records if each["kind"] == SRV]
    assert ports == [SERVICES["calculation_engine"].port] * 5
    assert {each["ttl"] for each in records} == {2}
    assert stack.named("nobody.service.consul") == {"A": [], "SRV": []}
    # What Consul does not know itself, Kong asks it, too.
    for name in ("redis", "jaeger"):
        (container,) = stack.containers(name)
        found = stack.inspect(container)["NetworkSettings"]["Networks"].values()
        (address,) = addresses_told(stack, name)["A"]
        assert address in [each["IPAddress"] for each in found]


def test_five_engines_share_one_job(stack: Stack) -> None:
    with stack.client("value-engineer") as somebody:
        answer = somebody.post(SIMULATIONS, json=a_simulation(draws=20 * SHARD))
        assert answer.status_code == 202, answer.text
        job = answer.headers["location"]
        eventually(lambda: somebody.get(job).json()["status"] == "succeeded", within_s=120)
    assert all(shards_computed(stack, each) > 0 for each in stack.containers(ENGINE))


def test_no_engine_compiles_what_its_image_brings(stack: Stack) -> None:
    """As numba itself says: it loads every loop of the image, and keeps none that it would have compiled."""
    for container in stack.containers(ENGINE):
        brought = stack.docker("exec", container, "find", "/opt/numba", "-name", "*.nbi").split()
        told = stack.docker("logs", container)
        loaded = set(re.findall(r"\[cache\] index loaded from '/tmp/numba/(.+\.nbi)'", told))
        assert loaded == {each.removeprefix("/opt/numba/") for each in brought}
        assert told.count("[cache] data loaded") >= len(brought) > 0
        assert "[cache] data saved" not in told


def test_prometheus_finds_all_five(stack: Stack) -> None:
    def engines() -> list[str]:
        return [health for job, health in stack.targets() if job == ENGINE]

    eventually(lambda: engines() == ["up"] * 5, within_s=DISCOVERED_WITHIN_S)


def test_a_dead_and_a_frozen_replica_are_left_out_and_taken_back(stack: Stack) -> None:
    dead, frozen, *_ = stack.containers(ENGINE)
    with stack.client("value-engineer") as somebody:
        stack.docker("kill", dead)
        stack.docker("pause", frozen)
        out = eventually(
            lambda: len(stack.passing(ENGINE)) == 3 and all_are_answered(somebody), within_s=OUT_WITHIN_S
        )
        passing = stack.passing(ENGINE)
        assert addresses_told(stack, f"{ENGINE}.service.consul") == {"A": passing, "SRV": passing}
        stack.docker("unpause", frozen)
        thawed = time.monotonic()
        before = requests_counted(stack, frozen)
        back = eventually(lambda: len(stack.passing(ENGINE)) == 4, within_s=BACK_WITHIN_S)
        while time.monotonic() < thawed + BACK_WITHIN_S:
            assert evaluate(somebody) == 200
        assert requests_counted(stack, frozen) > before
        stack.docker("start", dead)
        eventually(lambda: is_ready(stack, dead), within_s=120)
        eventually(
            lambda: len(stack.passing(ENGINE)) == 5 and all_are_answered(somebody), within_s=BACK_WITHIN_S
        )
    print(f"out after {out:.1f} s, back in Consul {back:.1f} s after it thawed")  # noqa: T201  # figures


def test_replicas_that_are_stopped_say_so_themselves(stack: Stack) -> None:
    stack.script("scale", ENGINE, "2")
    eventually(lambda: len(stack.registered(ENGINE)) == 2, within_s=10)
    assert len(stack.containers(ENGINE)) == 2


def test_health_names_what_does_not_answer(stack: Stack) -> None:
    eventually(lambda: "All healthy" in stack.told("health"), within_s=120)
    (paused,), (killed,) = stack.containers("notification-service"), stack.containers("redis-exporter")
    stack.docker("pause", paused)
    stack.docker("kill", killed)
    told = stack.script("health", ok=False)
    stack.docker("unpause", paused)
    stack.docker("start", killed)
    states = dict(re.findall(r"^(.+): (\w+), ", told, re.MULTILINE))
    assert states == {"notification-service": "paused", "redis-exporter": "exited"}
    eventually(lambda: "All healthy" in stack.told("health"), within_s=120)


def test_logs_are_of_the_service_that_is_asked_for(stack: Stack) -> None:
    told = stack.script("logs", "value-executor")
    assert "service_ready" in told
    assert "value-committer" not in told


def test_data_outlives_a_stop(stack: Stack) -> None:
    account, kept = made_account(stack), stack.volumes()
    stack.script("stop")
    assert stack.docker("ps", "--all", "--quiet", "--filter", stack.label) == ""
    assert stack.volumes() == kept
    stack.script("start")
    assert found_account(stack, account)["name"] == account["name"]


def test_a_reset_asks_and_a_no_keeps_everything(stack: Stack) -> None:
    kept, running = stack.volumes(), stack.started()
    for answer in ("no\n", "\n", ""):
        stack.script("reset", ok=False, typed=answer)
    assert kept
    assert (stack.volumes(), stack.started()) == (kept, running)


def test_nothing_is_left_after_a_reset(stack: Stack) -> None:
    stack.script("reset", typed="yes\n")
    assert stack.docker("ps", "--all", "--quiet", "--filter", stack.label) == ""
    assert stack.volumes() == set()
    assert stack.docker("network", "ls", "--quiet", "--filter", stack.label) == ""
