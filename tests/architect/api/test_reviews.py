"""A model is reviewed by a second person; what is approved stays as it is."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.chassis.actor import Actor
from services.chassis.runtime import Runtime
from tests.architect.api.cases import MODELS, PLAIN_MODEL, drafted, got, if_match, step
from tests.architect.api.outbox import events_about
from tests.harness.platform import Company


@pytest.fixture
def ada(company: Company) -> httpx2.AsyncClient:
    """Owns the models."""
    return company.person("ada", "value-engineer")


@pytest.fixture
def eve(company: Company) -> httpx2.AsyncClient:
    """Approves them."""
    return company.person("eve", "approver")


async def _approved(ada: httpx2.AsyncClient, eve: httpx2.AsyncClient) -> dict[str, Any]:
    return await step(eve, await step(ada, await drafted(ada), "request-review"), "approve")


async def test_a_second_person_approves(
    company: Company, ada: httpx2.AsyncClient, eve: httpx2.AsyncClient
) -> None:
    model = await _approved(ada, eve)
    current = model["current"]
    assert (current["state"], current["requested_by"], current["approved_by"]) == ("approved", "ada", "eve")
    requested, approved = await events_about(company, model["id"])
    assert (requested.type, requested.payload["requested_by"]) == (
        "architect.model.review-requested.v1",
        "ada",
    )
    assert approved.type == "architect.model.approved.v1"
    assert approved.payload["version_hash"] == current["version_hash"]
    assert approved.payload["owner"] == "ada"
    assert approved.payload["headline"] == {
        "currency": "EUR",
        **{name: current["figures"]["total"][name] for name in ("npv", "roi", "payback_months")},
    }


@pytest.mark.parametrize("part", ["owner", "author", "requester"])
async def test_nobody_approves_who_took_part(company: Company, ada: httpx2.AsyncClient, part: str) -> None:
    model = await drafted(ada)
    insider = company.person("ada" if part == "owner" else part, "value-engineer", "approver")
    if part == "author":
        body = {"name": "Rewritten", "document": PLAIN_MODEL}
        answer = await insider.put(f"{MODELS}/{model['id']}", json=body, headers=if_match(model))
        model = answer.json()
    model = await step(insider if part == "requester" else ada, model, "request-review")
    refused = await insider.post(f"{MODELS}/{model['id']}/approve", headers=if_match(model))
    assert (refused.status_code, refused.json()["code"]) == (403, "second_person_needed")


async def test_a_returned_model_is_a_draft_with_the_reason(
    ada: httpx2.AsyncClient, eve: httpx2.AsyncClient
) -> None:
    model = await step(ada, await drafted(ada), "request-review")
    returned = await step(eve, model, "return", {"reason": "Whose baseline is this?"})
    assert returned["current"]["state"] == "draft"
    assert returned["current"]["returned_reason"] == "Whose baseline is this?"
    again = await step(ada, returned, "request-review")
    assert again["current"]["returned_reason"] is None


@pytest.mark.parametrize("action", ["approve", "return", "revise"])
async def test_a_draft_allows_none_of_these(company: Company, ada: httpx2.AsyncClient, action: str) -> None:
    both = company.person("eve", "value-engineer", "approver")
    model = await drafted(ada)
    body = {"reason": "Why?"} if action == "return" else None
    answer = await both.post(f"{MODELS}/{model['id']}/{action}", json=body, headers=if_match(model))
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


async def test_an_approver_approves_what_was_read(ada: httpx2.AsyncClient, eve: httpx2.AsyncClient) -> None:
    model = await step(ada, await drafted(ada), "request-review")
    path = f"{MODELS}/{model['id']}/approve"
    assert (await eve.post(path)).status_code == 428
    assert (await eve.post(path, headers={"If-Match": '"1"'})).status_code == 412


async def test_a_value_engineer_does_not_approve(company: Company, ada: httpx2.AsyncClient) -> None:
    model = await step(ada, await drafted(ada), "request-review")
    ben = company.person("ben", "value-engineer")
    answer = await ben.post(f"{MODELS}/{model['id']}/approve", headers=if_match(model))
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


async def test_a_newer_approved_version_supersedes_the_older(
    company: Company, ada: httpx2.AsyncClient, eve: httpx2.AsyncClient
) -> None:
    first = await _approved(ada, eve)
    second = await step(ada, first, "revise")
    assert (second["current"]["number"], second["current"]["state"]) == (2, "draft")
    assert second["current"]["document"] == first["current"]["document"]
    document = {**PLAIN_MODEL, "discount_rate": 0.08}
    body = {"name": "Time saved", "document": document}
    rewritten = (await ada.put(f"{MODELS}/{first['id']}", json=body, headers=if_match(second))).json()
    states = await _states(ada, first)
    assert states == [(2, "draft"), (1, "approved")]
    await step(eve, await step(ada, rewritten, "request-review"), "approve")
    assert await _states(ada, first) == [(2, "approved"), (1, "superseded")]
    superseded = (await events_about(company, first["id"]))[-1]
    assert superseded.type == "architect.model.superseded.v1"
    assert superseded.payload["version"] == 1
    assert superseded.payload["version_hash"] == first["current"]["version_hash"]
    assert superseded.payload["superseded_by_version"] == 2
    kept = await got(ada, f"{MODELS}/{first['id']}/versions/1")
    assert kept["document"] == first["current"]["document"]
    assert kept["version_hash"] == first["current"]["version_hash"]


async def test_an_unknown_version_is_404(ada: httpx2.AsyncClient) -> None:
    model = await drafted(ada)
    assert (await ada.get(f"{MODELS}/{model['id']}/versions/2")).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE model_versions SET document = '{}' WHERE model_id = :model",
        "UPDATE model_versions SET version_hash = 'other' WHERE model_id = :model",
        "UPDATE model_versions SET figures = NULL WHERE model_id = :model",
        "UPDATE model_versions SET state = 'draft' WHERE model_id = :model",
        "DELETE FROM model_versions WHERE model_id = :model",
    ],
)
async def test_not_even_the_service_s_login_changes_what_is_approved(
    company: Company, ada: httpx2.AsyncClient, eve: httpx2.AsyncClient, change: str
) -> None:
    model = await _approved(ada, eve)
    runtime: Runtime = company.platform.embedded.apps["value-architect"].state.runtime
    async with runtime.database.unit_of_work(Actor(company.tenant, "test")) as uow:
        with pytest.raises(IntegrityError, match="never changes"):
            await uow.session.execute(text(change), {"model": model["id"]})


async def test_approvals_are_counted(
    company: Company, ada: httpx2.AsyncClient, eve: httpx2.AsyncClient
) -> None:
    metrics = company.platform.embedded.apps["value-architect"].state.runtime.metrics

    def count() -> float:
        value = metrics.registry.get_sample_value("models_approved_total")
        assert value is not None
        return float(value)

    before = count()
    await _approved(ada, eve)
    assert count() == before + 1


async def _states(client: httpx2.AsyncClient, model: dict[str, Any]) -> list[tuple[int, str]]:
    versions = (await got(client, f"{MODELS}/{model['id']}/versions"))["items"]
    return [(each["number"], each["state"]) for each in versions]
