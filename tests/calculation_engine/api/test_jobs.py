"""Jobs over REST, on the embedded platform: accepted, followed, read, cancelled."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.calculation_engine.domain.part import SPAN
from services.calculation_engine.domain.simulation import experiment_of, part_for, simulation
from services.calculation_engine.jobs.shards import SHARD
from services.schemas.simulation import SimulationRequest
from tests.calculation_engine.deals import SHARE, a_deal, an_uncertain_model
from tests.calculation_engine.jobs.cases import (
    ASYNC,
    ENGINE,
    JOBS,
    OTHERS,
    SIMULATIONS,
    a_simulation,
    accepted,
    ended,
    events_of,
    small_model,
)
from tests.calculation_engine.models import a_driver
from tests.calculation_engine.networks import an_activity
from tests.calculation_engine.refusals import refused
from tests.harness.platform import Company

# So much work that it is under way whenever a test looks at it.
ENDLESS = a_simulation(draws=100_000_000, outputs=["irr"])


@pytest.fixture
def engineer(company: Company) -> httpx2.AsyncClient:
    return company.person("ada", "value-engineer")


async def test_small_work_is_answered_at_once(engineer: httpx2.AsyncClient) -> None:
    answer = await engineer.post(SIMULATIONS, json=a_simulation())
    assert answer.status_code == 200
    assert "location" not in answer.headers


async def test_a_job_brings_what_the_request_would_have(engineer: httpx2.AsyncClient) -> None:
    at_once = await engineer.post(SIMULATIONS, json=a_simulation())
    later = await engineer.post(SIMULATIONS, json=a_simulation(), headers=ASYNC)
    assert later.headers["preference-applied"] == "respond-async"
    within = {"Prefer": "handling=lenient, respond-async; wait=5"}
    assert (await engineer.post(SIMULATIONS, json=a_simulation(), headers=within)).status_code == 202
    job = await ended(engineer, await accepted(later))
    assert (job["status"], job["problem"]) == ("succeeded", None)
    assert job["result"] == at_once.json()
    assert job["progress"] == {"done": 1000, "total": 1000}
    assert job["created_at"] <= job["started_at"] <= job["ended_at"] < job["kept_until"]


@pytest.mark.parametrize(("resource", "body"), OTHERS, ids=[resource for resource, _ in OTHERS])
async def test_so_does_each_other_computation(engineer: httpx2.AsyncClient, resource: str, body: Any) -> None:
    at_once = await engineer.post(f"{ENGINE}/{resource}", json=body)
    assert at_once.status_code == 200, at_once.text
    later = await engineer.post(f"{ENGINE}/{resource}", json=body, headers=ASYNC)
    job = await ended(engineer, await accepted(later))
    assert (job["status"], job["operation"], job["result"]) == ("succeeded", resource, at_once.json())


async def test_few_activities_with_very_many_links_are_work_for_a_job(engineer: httpx2.AsyncClient) -> None:
    tied = {"duration": 1, "links": [{"predecessor": "a"}] * 200}
    activities = [an_activity("a", (1, 2, 3)), *({**tied, "key": f"b{index}"} for index in range(10))]
    body = {"network": {"activities": activities}, "draws": 2**16}
    path = await accepted(await engineer.post(f"{ENGINE}/schedule-simulations", json=body))
    assert (await engineer.delete(path)).json()["status"] == "cancelled"


async def test_more_draws_than_a_shard_are_one_sample(engineer: httpx2.AsyncClient) -> None:
    """Two shards, the second of which ends within a span."""
    body = a_simulation(draws=SHARD + SPAN + 1000)
    answer = await engineer.post(SIMULATIONS, json=body)
    assert "preference-applied" not in answer.headers
    job = await ended(engineer, await accepted(answer))
    request = SimulationRequest.model_validate(body)
    experiment = experiment_of(request)
    whole = part_for(request, experiment, 0, request.draws)
    assert job["result"] == simulation(request, experiment, whole).model_dump(mode="json")


async def test_what_is_wrong_with_a_request_is_told_at_once(engineer: httpx2.AsyncClient) -> None:
    body = a_simulation(scenario="none")
    refused = await engineer.post(SIMULATIONS, json=body, headers=ASYNC)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_name")


async def test_what_no_job_could_do_is_refused_at_once(engineer: httpx2.AsyncClient) -> None:
    """131,072 draws of a share of the gain in each of 600 months are more numbers than a replica keeps."""
    long = an_uncertain_model(horizon={"periods": 600, "period_length": "month"})
    body = a_deal(SHARE, model=long, draws=2**17)
    for headers in ({}, ASYNC):
        answer = await engineer.post(f"{ENGINE}/deal-optimizations", json=body, headers=headers)
        problem = refused(answer, 422, "too_much_work")
        assert [error["pointer"] for error in problem["errors"]] == ["/draws"]
        assert "numbers at once" in problem["detail"]
    path = await accepted(await engineer.post(f"{ENGINE}/deal-optimizations", json={**body, "draws": 2**16}))
    assert (await engineer.delete(path)).json()["status"] == "cancelled"


async def test_what_shows_only_while_it_is_computed_fails_the_job(engineer: httpx2.AsyncClient) -> None:
    model = {**small_model(), "drivers": [a_driver("d", "ln(x - 1000)")]}
    body = {"model": model, "input": "x", "low": 500, "high": 900, "output": "npv", "target": 0}
    at_once = await engineer.post(f"{ENGINE}/goal-seeks", json=body)
    later = await engineer.post(f"{ENGINE}/goal-seeks", json=body, headers=ASYNC)
    path = await accepted(later)
    job = await ended(engineer, path)
    assert (job["status"], job["result"]) == ("failed", None)
    told = {name: job["problem"][name] for name in ("status", "code", "detail", "errors")}
    assert told == {name: at_once.json()[name] for name in told}
    assert job["problem"]["instance"] == path


async def test_events_tell_how_it_goes_until_it_has_ended(engineer: httpx2.AsyncClient) -> None:
    path = await accepted(await engineer.post(SIMULATIONS, json=a_simulation(), headers=ASYNC))
    stream = await engineer.get(f"{path}/events")
    assert stream.headers["content-type"].startswith("text/event-stream")
    *before, (last, state) = events_of(stream.text)
    assert {name for name, _ in before} <= {"progress"}
    assert (last, state["status"]) == ("succeeded", "succeeded")
    assert state["progress"] == {"done": 1000, "total": 1000}
    # Who connects again is told how it stands.
    again = await engineer.get(f"{path}/events")
    assert list(events_of(again.text)) == [(last, state)]


async def test_a_cancelled_job_ends(engineer: httpx2.AsyncClient) -> None:
    path = await accepted(await engineer.post(SIMULATIONS, json=ENDLESS))
    cancelled = await engineer.delete(path)
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (await engineer.get(path)).json()["status"] == "cancelled"
    assert [name for name, _ in events_of((await engineer.get(f"{path}/events")).text)] == ["cancelled"]
    assert (await engineer.delete(path)).status_code == 200
    # Its shard is let go of: the next job's is computed.
    next_one = await accepted(await engineer.post(SIMULATIONS, json=a_simulation(), headers=ASYNC))
    assert (await ended(engineer, next_one))["status"] == "succeeded"


async def test_a_job_that_has_ended_cannot_be_cancelled(engineer: httpx2.AsyncClient) -> None:
    path = await accepted(await engineer.post(SIMULATIONS, json=a_simulation(), headers=ASYNC))
    await ended(engineer, path)
    refused = await engineer.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "job_ended")


async def test_a_retry_with_its_key_gets_the_same_job(engineer: httpx2.AsyncClient) -> None:
    headers = {**ASYNC, "Idempotency-Key": str(uuid4())}
    one, other = [await engineer.post(SIMULATIONS, json=a_simulation(), headers=headers) for _ in range(2)]
    assert await accepted(one) == await accepted(other)
    assert other.headers["preference-applied"] == "respond-async"


async def test_a_foreign_tenant_s_job_is_not_found(
    engineer: httpx2.AsyncClient, other_company: Company
) -> None:
    path = await accepted(await engineer.post(SIMULATIONS, json=a_simulation(), headers=ASYNC))
    stranger = other_company.person("eve", "value-engineer")
    for answer in (
        await stranger.get(path),
        await stranger.get(f"{path}/events"),
        await stranger.delete(path),
        await stranger.get(f"{JOBS}/{uuid4()}"),
    ):
        assert answer.status_code == 404


async def test_reading_and_cancelling_take_their_scopes(
    company: Company, engineer: httpx2.AsyncClient
) -> None:
    path = await accepted(await engineer.post(SIMULATIONS, json=a_simulation(), headers=ASYNC))
    reader = company.person("rita", scopes=["calculation-engine:read"])
    assert (await reader.get(path)).status_code == 200
    assert (await reader.delete(path)).status_code == 403
