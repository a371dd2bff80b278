"""The work that is interrupted: value cases from the account to the approval, and the messages about them."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

from services.schemas.events.architect import HypothesisAccepted, ModelApproved, ModelReviewRequested
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE
from tests.harness.lives import until_consistent
from tests.harness.waiting import eventually
from tests.platform.chaos.notebook import APPROVER, COLLEAGUE, OPERATOR, OWNER, Notebook, Told

_ACCOUNTS = "/api/v1/architect/accounts"
_HYPOTHESES = "/api/v1/architect/hypotheses"
_MODELS = "/api/v1/architect/models"
_RECIPIENTS = "/api/v1/notification/recipients"

_ACCEPTED_EACH = 2
_DELIVERED_WITHIN_S = 60.0  # a dead relay's lease, and the pauses after failures, run out first

_IDLE = """
    SELECT NOT EXISTS (SELECT FROM architect.outbox WHERE tenant_id = $1 AND published_at IS NULL)
       AND NOT EXISTS (SELECT FROM notification.parked_messages WHERE tenant_id = $1)
"""
_EVENTS = "SELECT type, subject FROM architect.outbox WHERE tenant_id = $1"


@dataclass(frozen=True)
class Case:
    """What one story is to have made: one account, one approved model, some accepted hypotheses."""

    account: Any
    accepted: tuple[Any, ...]
    model: Any


async def people(book: Notebook) -> None:
    """Those who are told."""
    for person in (OWNER, APPROVER, COLLEAGUE):
        body = {"sub": person.sub, "name": person.sub.title(), "roles": list(person.roles)}
        await book.post(f"recipient {person.sub}", OPERATOR, _RECIPIENTS, body)


async def account(book: Notebook, story: str) -> Any:
    body = {"name": story, "industry": "manufacturing", "currency": "EUR", "pains": ["downtime"]}
    return await book.post(f"{story} account", OWNER, _ACCOUNTS, body)


async def proposals(book: Notebook, story: str) -> Any:
    """An account's hypotheses."""
    body = {"account_id": (await account(book, story))["id"], "limit": _ACCEPTED_EACH}
    return await book.post(f"{story} proposals", OWNER, f"{_HYPOTHESES}/generate", body)


async def acceptance(book: Notebook, story: str, place: int) -> Any:
    """One of them accepted, which the owner's colleague is told."""
    proposed = (await proposals(book, story))["items"][place]
    path = f"{_HYPOTHESES}/{proposed['id']}/accept"
    return await book.post(f"{story} acceptance {place}", OWNER, path, revision=1)


async def value_case(book: Notebook, story: str) -> Case:
    """A whole story."""
    accepted = [await acceptance(book, story, place) for place in range(_ACCEPTED_EACH)]
    made = await account(book, story)
    document = {**VALUE_MODEL_EXAMPLE, "currency": "EUR"}
    body = {"source": "document", "account_id": made["id"], "name": story, "document": document}
    model = await book.post(f"{story} model", OWNER, _MODELS, body)
    path = f"{_MODELS}/{model['id']}"
    reviewed = await book.post(f"{story} review", OWNER, f"{path}/request-review", revision=model["revision"])
    approved = await book.post(
        f"{story} approval", APPROVER, f"{path}/approve", revision=reviewed["revision"]
    )
    return Case(made, tuple(accepted), approved)


async def value_cases(book: Notebook, *stories: str) -> list[Case]:
    """Several at once, each going on by itself until it is interrupted."""
    await people(book)
    told = await asyncio.gather(*(value_case(book, story) for story in stories), return_exceptions=True)
    for outcome in told:
        if isinstance(outcome, BaseException):
            raise outcome
    return [case for case in told if isinstance(case, Case)]


async def delivered(book: Notebook) -> None:
    """Returns when no event waits any more, wherever it could."""
    async with book.platform.superuser() as database:
        await eventually(lambda: database.fetchval(_IDLE, book.tenant), within_s=_DELIVERED_WITHIN_S)


async def check_once(book: Notebook, cases: list[Case]) -> None:
    """Everything happened, and nothing happened twice, which the databases say as well."""
    await book.check_accepted()
    accounts = await book.get(OWNER, _ACCOUNTS)
    assert Counter(each["id"] for each in accounts["items"]) == Counter(case.account["id"] for case in cases)
    models = await book.get(OWNER, _MODELS)
    assert Counter(each["id"] for each in models["items"]) == Counter(case.model["id"] for case in cases)
    for case in cases:
        assert (case.model["current"]["state"], case.model["revision"]) == ("approved", 3)
        assert {(each["state"], each["revision"]) for each in case.accepted} == {("accepted", 2)}
        of_account = await book.get(OWNER, _HYPOTHESES, account_id=case.account["id"])
        assert {each["id"] for each in of_account["items"]} == {each["id"] for each in case.accepted}
    await _check_messages(book, cases)
    await until_consistent(await book.platform.owner_url(), book.tenant, within_s=_DELIVERED_WITHIN_S)


async def _check_messages(book: Notebook, cases: list[Case]) -> None:
    await delivered(book)
    models = [case.model["id"] for case in cases]
    accepted = [each["id"] for case in cases for each in case.accepted]
    reviews: Told = Counter((ModelReviewRequested.event_type, model) for model in models)
    approvals: Told = Counter((ModelApproved.event_type, model) for model in models)
    acceptances: Told = Counter((HypothesisAccepted.event_type, each) for each in accepted)
    async with book.platform.superuser() as database:
        rows = await database.fetch(_EVENTS, book.tenant)
    assert Counter((row["type"], row["subject"]) for row in rows) == reviews + approvals + acceptances
    assert await book.inbox(APPROVER) == reviews
    assert await book.inbox(OWNER) == approvals
    assert await book.inbox(COLLEAGUE) == acceptances
