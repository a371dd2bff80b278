"""Models: made from hypotheses or a document, read, and rewritten as long as they are drafts."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends, Query, Request, Response

from services.architect.api import model_views
from services.architect.api.access import Expected, looking
from services.architect.api.model_documents import (
    EXAMPLES,
    Model,
    ModelFromHypotheses,
    ModelSummary,
    NewModel,
    ReplacedModel,
)
from services.architect.clients import Engine, Refused
from services.architect.domain.composition import Plan, compose
from services.architect.domain.drafts import Draft
from services.architect.domain.lifecycle import State, WrongState
from services.architect.store.accounts import AccountRow, Accounts
from services.architect.store.hypotheses import Hypotheses
from services.architect.store.models import ModelFilter, Models
from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import (
    Conflict,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unprocessable,
    document,
)
from services.chassis.runtime import runtime_of
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.problem import FieldError
from services.schemas.value_model import ValueModel

router = resource("/models")


@router.post(
    "",
    status_code=201,
    dependencies=[requires("architect:write")],
    summary="Make a model",
    responses=document(NotFound, Conflict),
)
async def create_model(
    body: Annotated[NewModel, Body(openapi_examples=EXAMPLES)],
    request: Request,
    uow: IdempotentWork,
    response: Response,
) -> Model:
    """A draft, owned by whoever makes it. The calculation engine computes its figures; while that is away the
    draft is kept unchecked and computed later. What the engine refuses is refused here."""
    async with looking(request, uow.actor) as before:
        account = await Accounts(before).get(body.account_id)
        if isinstance(body, ModelFromHypotheses):
            made, place = await _composed(before, account, body), ""
        else:
            made, place = body.document, "/document"
    _require_currency(made, account)
    draft = await _computed(made, Engine(runtime_of(request), uow.actor), place)
    model = await Models(uow).add(account_id=account.id, name=body.name, source=body.source, draft=draft)
    set_etag(response, model.row.version)
    return model_views.full(model)


@router.get("", dependencies=[requires("architect:read")], summary="List models")
async def list_models(
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
    account_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[State | None, Query(description="Of the current version.")] = None,
    owner: Annotated[str | None, Query(max_length=200, description="The owner's `sub`.")] = None,
) -> Page[ModelSummary]:
    """Newest first, each with its current version's state and figures."""
    wanted = ModelFilter(account_id=account_id, state=state, owner=owner)
    found = await Models(uow, own).page(page, wanted)
    return page.page(found, model_views.summary, lambda model: model.row.id)


@router.get("/{model_id}", dependencies=[requires("architect:read")], summary="Read a model")
async def get_model(model_id: UUID, uow: Work, own: OwnAccount, response: Response) -> Model:
    model = await Models(uow, own).get(model_id)
    set_etag(response, model.row.version)
    return model_views.full(model)


@router.put(
    "/{model_id}",
    dependencies=[requires("architect:write")],
    summary="Rewrite a draft",
    responses=document(Conflict, PreconditionFailed, PreconditionRequired),
)
async def replace_model(
    model_id: UUID,
    body: ReplacedModel,
    request: Request,
    uow: Work,
    expected: Expected,
    response: Response,
) -> Model:
    """A draft's name and document anew, computed as when a model is made. Whoever rewrites it becomes one of
    its authors, who do not approve it."""
    async with looking(request, uow.actor) as before:
        found = await Models(before).get(model_id)
        expected.check(found.row.version)
        _require_currency(body.document, await Accounts(before).get(found.row.account_id))
    draft = await _computed(body.document, Engine(runtime_of(request), uow.actor), "/document")
    models = Models(uow)
    model = await models.get(model_id)
    expected.check(model.row.version)
    try:
        model.current.live(model.life.edit(uow.actor.sub))
    except WrongState as error:
        raise Conflict(str(error), code="wrong_state") from error
    model.row.name = body.name
    model.current.hold(draft, uow.clock.now())
    await models.touch(model)
    set_etag(response, model.row.version)
    return model_views.full(model)


async def _composed(uow: UnitOfWork, account: AccountRow, body: ModelFromHypotheses) -> ValueModel:
    """Raises:
    Conflict: nothing was accepted for the account.
    Unprocessable: it is more than one model holds.
    """
    drivers = await Hypotheses(uow).accepted(account.id)
    if not drivers:
        raise Conflict("No hypothesis of the account is accepted.", code="nothing_accepted")
    plan = Plan(
        currency=account.currency,
        horizon=body.horizon,
        discount_rate=body.discount_rate,
        costs=body.costs,
        description=f"Made from the hypotheses accepted for {account.name}.",
    )
    try:
        return compose(drivers, account.facts, plan)
    except ValueError as error:
        raise Unprocessable("The accepted hypotheses are more than one model holds.") from error


def _require_currency(model: ValueModel, account: AccountRow) -> None:
    """Raises:
    Unprocessable: the model is not in its account's currency; nothing converts.
    """
    if model.currency != account.currency:
        detail = f"The account's currency is {account.currency}."
        error = FieldError(pointer="/document/currency", detail=detail)
        raise Unprocessable(detail, code="other_currency", errors=[error])


async def _computed(model: ValueModel, engine: Engine, place: str) -> Draft:
    """The model with its figures, or without while the engine is away.

    Raises:
        Unprocessable: the engine refuses it; its findings point to where the model stands in the body.
    """
    try:
        return Draft(model, await engine.figures(model))
    except Refused as refused:
        errors = [FieldError(pointer=place + error.pointer, detail=error.detail) for error in refused.errors]
        raise Unprocessable(refused.detail, code="cannot_compute", errors=errors) from refused
