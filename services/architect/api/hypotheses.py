"""Hypotheses: drivers proposed to an account with a reason, and what is decided about them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import ConfigDict, Field

from services.architect.api.access import Expected, looking
from services.architect.clients import Engine
from services.architect.domain.decisions import AlreadyDecided, Decision, HypothesisState, decide
from services.architect.domain.ranking import candidates, rank
from services.architect.domain.templates import DriverTemplate
from services.architect.store.accounts import Accounts
from services.architect.store.drivers import Drivers
from services.architect.store.hypotheses import Hypotheses, HypothesisRow
from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, NotFound, PreconditionFailed, PreconditionRequired, document
from services.chassis.runtime import runtime_of
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.base import Document, Finite, Id, Key, Label, Timestamp
from services.schemas.events.architect import HypothesisAccepted, HypothesisRejected
from services.schemas.money import Money

router = resource("/hypotheses")

_AN_ID = "01935b2c-7a50-7c4e-9b1a-3f6d2e8c4a10"


class GenerateHypotheses(Document):
    """For which account, and how many at most."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account_id": _AN_ID, "limit": 8}]})

    account_id: Id
    limit: int = Field(default=8, ge=1, le=50)


class Rejection(Document):
    """Why a hypothesis is rejected."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "Energy is bought at a flat rate."}]}
    )

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class ScoreParts(Document):
    """The parts of a score, each between 0 and 1, before their weights: pains 0.4, value 0.25, industry 0.15,
    size 0.1, people 0.1."""

    pains: Finite
    value: Finite
    industry: Finite
    size: Finite
    people: Finite


class Hypothesis(Document):
    """A driver proposed to an account, as it was at that time.

    `score` is the weighted sum of `parts`, `rank` its place among those generated together. `annual_value` is
    what it may bring a year at full effect, after capture and risk adjustment; null if the calculation engine
    was away. `revision` is what `If-Match` takes, in quotes.
    """

    id: Id
    revision: int
    account_id: Id
    state: HypothesisState
    rank: int
    score: Finite
    parts: ScoreParts
    reason: str
    annual_value: Money | None
    driver_key: Key
    title: Label
    driver: DriverTemplate
    decided_by: str | None
    decided_at: Timestamp | None
    rejection_reason: str | None
    created_at: Timestamp


class Proposals(Document):
    """What was proposed, best first."""

    items: list[Hypothesis]


@router.post(
    "/generate",
    status_code=201,
    dependencies=[requires("architect:write")],
    summary="Propose hypotheses for an account",
    responses=document(NotFound),
)
async def generate_hypotheses(body: GenerateHypotheses, request: Request, uow: IdempotentWork) -> Proposals:
    """Ranks the drivers of the account's industry by its pains, size, people and what each may bring. Earlier
    proposals are replaced; what was accepted or rejected stays, and is not proposed again."""
    async with looking(request, uow.actor) as before:
        account = await Accounts(before).get(body.account_id)
        decided = await Hypotheses(before).decided_keys(account.id)
        drivers = [each for each in await Drivers(before).templates() if each.key not in decided]
    facts = account.facts
    engine = Engine(runtime_of(request), uow.actor)
    values = await engine.annual_values(candidates(drivers, facts), facts, account.currency)
    ranked = rank(drivers, facts, values, currency=account.currency, limit=body.limit)
    rows = await Hypotheses(uow).propose(account.id, ranked, currency=account.currency)
    return Proposals(items=[_shown(row) for row in rows])


@router.get("", dependencies=[requires("architect:read")], summary="List hypotheses")
async def list_hypotheses(
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
    account_id: Annotated[UUID | None, Query()] = None,
    state: HypothesisState | None = None,
) -> Page[Hypothesis]:
    """The last generated first, and among those the best first."""
    rows = await Hypotheses(uow, own).page(page, account_id=account_id, state=state)
    return page.page(rows, _shown, lambda row: row.id)


@router.get("/{hypothesis_id:uuid}", dependencies=[requires("architect:read")], summary="Read a hypothesis")
async def get_hypothesis(hypothesis_id: UUID, uow: Work, own: OwnAccount, response: Response) -> Hypothesis:
    row = await Hypotheses(uow, own).get(hypothesis_id)
    set_etag(response, row.version)
    return _shown(row)


@router.post(
    "/{hypothesis_id}/accept",
    dependencies=[requires("architect:write")],
    summary="Accept a hypothesis",
    responses=document(Conflict, PreconditionFailed, PreconditionRequired),
)
async def accept_hypothesis(
    hypothesis_id: UUID, uow: IdempotentWork, expected: Expected, response: Response
) -> Hypothesis:
    """It then counts in the models made from the account's hypotheses."""
    row = await _decide(uow, hypothesis_id, expected, "accepted")
    event = HypothesisAccepted(
        hypothesis_id=row.id,
        account_id=row.account_id,
        driver_key=row.driver_key,
        title=row.driver.title,
        decided_by=uow.actor.sub,
    )
    await uow.emit(event, subject=row.id)
    set_etag(response, row.version)
    return _shown(row)


@router.post(
    "/{hypothesis_id}/reject",
    dependencies=[requires("architect:write")],
    summary="Reject a hypothesis",
    responses=document(Conflict, PreconditionFailed, PreconditionRequired),
)
async def reject_hypothesis(
    hypothesis_id: UUID, body: Rejection, uow: IdempotentWork, expected: Expected, response: Response
) -> Hypothesis:
    """With a reason; it is not proposed again, and may still be accepted later."""
    row = await _decide(uow, hypothesis_id, expected, "rejected", reason=body.reason)
    event = HypothesisRejected(
        hypothesis_id=row.id,
        account_id=row.account_id,
        driver_key=row.driver_key,
        title=row.driver.title,
        decided_by=uow.actor.sub,
        reason=body.reason,
    )
    await uow.emit(event, subject=row.id)
    set_etag(response, row.version)
    return _shown(row)


async def _decide(
    uow: UnitOfWork,
    hypothesis_id: UUID,
    expected: Expected,
    decision: Decision,
    *,
    reason: str | None = None,
) -> HypothesisRow:
    row = await Hypotheses(uow).get(hypothesis_id)
    expected.check(row.version)
    try:
        row.state = decide(row.state, decision)
    except AlreadyDecided as error:
        raise Conflict(str(error), code="already_decided") from error
    row.decided_by = uow.actor.sub
    row.decided_at = uow.clock.now()
    row.rejection_reason = reason
    await uow.session.flush()
    return row


def _shown(row: HypothesisRow) -> Hypothesis:
    value = row.annual_value
    driver = row.driver
    return Hypothesis(
        id=row.id,
        revision=row.version,
        account_id=row.account_id,
        state=row.state,
        rank=row.rank,
        score=row.score,
        parts=ScoreParts.model_validate(row.parts),
        reason=row.reason,
        annual_value=None if value is None else Money(amount=value, currency=row.currency),
        driver_key=row.driver_key,
        title=driver.title,
        driver=driver,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        rejection_reason=row.rejection_reason,
        created_at=row.created_at,
    )
