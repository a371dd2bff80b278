"""Contracts hold the versions they stand on until they end, and what they reach comes back as a benchmark."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.architect import events
from services.chassis.actor import Actor
from services.chassis.commands import Refused
from services.chassis.ids import new_id
from services.chassis.inbox import Consumer
from services.chassis.runtime import Runtime
from services.schemas import examples
from services.schemas.commands import LockModel
from services.schemas.events import EventPayload
from services.schemas.events.amplifier import ProofPointPublished
from services.schemas.events.committer import ContractCompleted, ContractTerminated
from tests.architect.api.cases import DRIVERS, MODELS, drafted, got, if_match, step
from tests.harness.platform import Company


@pytest.fixture
def ada(company: Company) -> httpx2.AsyncClient:
    return company.person("ada", "value-engineer")


@pytest.fixture
def eve(company: Company) -> httpx2.AsyncClient:
    return company.person("eve", "approver")


def _runtime_of(company: Company) -> Runtime:
    runtime: Runtime = company.platform.embedded.apps["value-architect"].state.runtime
    return runtime


async def _receive(
    company: Company, kind: type[EventPayload], time: datetime | None = None, /, **fields: Any
) -> None:
    """Brings the published example of an event to the architect, with these fields."""
    runtime = _runtime_of(company)
    example = examples.event(kind)
    changes = {
        "id": new_id(),
        "tenant": company.tenant,
        "time": time or example.time,
        "data": {**example.data, **fields},
    }
    consumer = Consumer("architect", events.handlers(runtime), runtime.database, metrics=runtime.metrics)
    await consumer.receive(example.model_copy(update=changes))


async def _hold(company: Company, model: dict[str, Any], contract_id: UUID, **changes: Any) -> None:
    fields = {
        "contract_id": contract_id,
        "model_id": model["id"],
        "version_hash": model["current"]["version_hash"],
    }
    async with _runtime_of(company).database.unit_of_work(Actor(company.tenant, "dean")) as uow:
        await events.hold_version(uow, LockModel(**fields | changes))
        await uow.commit()


async def _approved(ada: httpx2.AsyncClient, eve: httpx2.AsyncClient) -> dict[str, Any]:
    return await step(eve, await step(ada, await drafted(ada), "request-review"), "approve")


async def _submitted_again(ada: httpx2.AsyncClient, model: dict[str, Any]) -> dict[str, Any]:
    return await step(ada, await step(ada, model, "revise"), "request-review")


@pytest.mark.parametrize("end", [ContractCompleted, ContractTerminated], ids=lambda end: end.__name__)
async def test_a_version_that_a_contract_stands_on_is_superseded_once_the_contract_ends(
    company: Company, ada: httpx2.AsyncClient, eve: httpx2.AsyncClient, end: type[EventPayload]
) -> None:
    model, contract_id = await _approved(ada, eve), uuid4()
    for _ in range(2):
        await _hold(company, model, contract_id)
    again = await _submitted_again(ada, model)
    refused = await eve.post(f"{MODELS}/{model['id']}/approve", headers=if_match(again))
    assert (refused.status_code, refused.json()["code"]) == (409, "version_held")
    await _receive(company, end, contract_id=str(uuid4()))
    assert (await eve.post(f"{MODELS}/{model['id']}/approve", headers=if_match(again))).status_code == 409
    await _receive(company, end, contract_id=str(contract_id))
    approved = await step(eve, again, "approve")
    assert (approved["current"]["number"], approved["current"]["state"]) == (2, "approved")


async def test_another_version_than_the_approved_one_is_not_held(
    company: Company, ada: httpx2.AsyncClient, eve: httpx2.AsyncClient
) -> None:
    with pytest.raises(Refused):
        await _hold(company, await drafted(ada), uuid4())
    with pytest.raises(Refused):
        await _hold(company, await _approved(ada, eve), uuid4(), version_hash="0" * 64)
    with pytest.raises(Refused):
        await _hold(company, await _approved(ada, eve), uuid4(), model_id=uuid4())


async def _benchmark(person: httpx2.AsyncClient) -> dict[str, Any]:
    [driver] = (await got(person, DRIVERS, key="unplanned_downtime"))["items"]
    return await got(person, f"{DRIVERS}/{driver['id']}/benchmark")


async def test_a_driver_s_benchmark_moves_with_proof_points(
    company: Company, other_company: Company, ada: httpx2.AsyncClient
) -> None:
    assert await _benchmark(ada) == {
        "input": "downtime_then",
        "metric": "unplanned_downtime_hours",
        "unit": "hours/month",
        "proof_points": 0,
        "low": None,
        "base": None,
        "high": None,
    }
    for measured in ("20.4", "23.0", "18.75"):
        ids = {"proof_point_id": str(uuid4()), "contract_id": str(uuid4())}
        await _receive(company, ProofPointPublished, **ids, measured=measured)
    await _receive(company, ProofPointPublished, input="downtime_today", proof_point_id=str(uuid4()))
    moved = await _benchmark(ada)
    assert (moved["proof_points"], moved["low"], moved["base"], moved["high"]) == (3, "18.75", "20.4", "23.0")
    assert (await _benchmark(other_company.person("ada", "value-engineer")))["proof_points"] == 0


async def test_what_a_contract_reached_last_counts_in_whichever_order_it_is_told(
    company: Company, ada: httpx2.AsyncClient
) -> None:
    published = examples.event(ProofPointPublished).time
    for days, measured in ((1, "19.0"), (2, "17.5"), (0, "23.0")):
        point = str(uuid4())
        time = published + timedelta(days=days)
        await _receive(company, ProofPointPublished, time, proof_point_id=point, measured=measured)
    moved = await _benchmark(ada)
    assert (moved["proof_points"], moved["low"], moved["base"], moved["high"]) == (1, "17.5", "17.5", "17.5")


async def test_a_proof_point_that_comes_again_counts_once(company: Company, ada: httpx2.AsyncClient) -> None:
    for _ in range(2):
        await _receive(company, ProofPointPublished)
    assert (await _benchmark(ada))["proof_points"] == 1


async def test_a_version_is_held_or_superseded_but_never_both(
    company: Company, ada: httpx2.AsyncClient, eve: httpx2.AsyncClient
) -> None:
    model = await _approved(ada, eve)
    again = await _submitted_again(ada, model)
    approval, hold = await asyncio.gather(
        eve.post(f"{MODELS}/{model['id']}/approve", headers=if_match(again)),
        _hold(company, model, uuid4()),
        return_exceptions=True,
    )
    assert isinstance(approval, httpx2.Response)
    assert (approval.status_code, type(hold)) in {(409, type(None)), (200, Refused)}
