"""Reviews: a draft is submitted, then returned or approved by a second person, and revised later."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from fastapi import Response

from services.architect.api import model_views
from services.architect.api.access import Expected
from services.architect.api.model_documents import Model, Return
from services.architect.domain.drafts import Draft
from services.architect.domain.figures import ModelFigures
from services.architect.domain.lifecycle import SamePerson, WrongState
from services.architect.metrics import MODELS_APPROVED
from services.architect.store import models as store
from services.architect.store.holds import Holds
from services.architect.store.models import Models
from services.chassis.access import IdempotentWork, requires
from services.chassis.etags import set_etag
from services.chassis.problems import Conflict, Forbidden, PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.events.architect import ModelApproved, ModelReviewRequested, ModelSuperseded
from services.schemas.value_model import ValueModel

router = resource("/models")

_PROBLEMS = document(Conflict, PreconditionFailed, PreconditionRequired)


@router.post(
    "/{model_id}/request-review",
    dependencies=[requires("architect:write")],
    summary="Ask for a model's review",
    responses=_PROBLEMS,
)
async def request_review(
    model_id: UUID, uow: IdempotentWork, expected: Expected, response: Response
) -> Model:
    """The draft must have been checked by the calculation engine; from now on it is not rewritten."""
    models = Models(uow)
    model = await _expected(models, model_id, expected)
    with _as_problems():
        life = model.life.request_review(uow.actor.sub)
    if model.current.check_state != "passed":
        raise Conflict("The calculation engine has not computed this draft.", code="unchecked_model")
    model.current.live(life)
    model.current.returned_reason = None
    await uow.emit(
        ModelReviewRequested(**_about(model, model.current), requested_by=uow.actor.sub), subject=model.row.id
    )
    return await _answer(models, model, response)


@router.post(
    "/{model_id}/return",
    dependencies=[requires("architect:approve")],
    summary="Return a model to its author",
    responses=_PROBLEMS,
)
async def return_model(
    model_id: UUID, body: Return, uow: IdempotentWork, expected: Expected, response: Response
) -> Model:
    """It is a draft again, with the reason beside it."""
    models = Models(uow)
    model = await _expected(models, model_id, expected)
    with _as_problems():
        model.current.live(model.life.send_back())
    model.current.returned_reason = body.reason
    return await _answer(models, model, response)


@router.post(
    "/{model_id}/approve",
    dependencies=[requires("architect:approve")],
    summary="Approve a model",
    responses=_PROBLEMS,
)
async def approve_model(model_id: UUID, uow: IdempotentWork, expected: Expected, response: Response) -> Model:
    """By a second person: neither the owner, nor an author, nor whoever asked for the review. The version
    never changes again, and supersedes the one approved before it, unless a contract stands on that."""
    models = Models(uow)
    model = await _expected(models, model_id, expected)
    with _as_problems():
        life = model.life.approve(uow.actor.sub)
    previous = await models.approved(model.row.id)
    if previous is not None and await Holds(uow).exist_on(previous):
        raise Conflict("A contract stands on the version that is approved.", code="version_held")
    model.current.live(life)
    model.current.approved_at = uow.clock.now()
    await uow.emit(_approval(model, uow), subject=model.row.id)
    if previous is not None:
        previous.live(previous.life(model.row.owner).supersede())
        event = ModelSuperseded(**_about(model, previous), superseded_by_version=model.current.number)
        await uow.emit(event, subject=model.row.id)
    uow.count(MODELS_APPROVED)
    return await _answer(models, model, response)


@router.post(
    "/{model_id}/revise",
    dependencies=[requires("architect:write")],
    summary="Start a model's next version",
    responses=_PROBLEMS,
)
async def revise_model(model_id: UUID, uow: IdempotentWork, expected: Expected, response: Response) -> Model:
    """A draft with the approved version's document; that one stays approved until its successor is."""
    models = Models(uow)
    model = await _expected(models, model_id, expected)
    with _as_problems():
        life = model.life.revise(uow.actor.sub)
    approved = model.current
    draft = Draft(ValueModel.model_validate(approved.document), ModelFigures.model_validate(approved.figures))
    return await _answer(models, await models.add_version(model, life, draft), response)


async def _expected(models: Models, model_id: UUID, expected: Expected) -> store.Model:
    model = await models.get(model_id)
    expected.check(model.row.version)
    return model


async def _answer(models: Models, model: store.Model, response: Response) -> Model:
    await models.touch(model)
    set_etag(response, model.row.version)
    return model_views.full(model)


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except WrongState as error:
        raise Conflict(str(error), code="wrong_state") from error
    except SamePerson as error:
        raise Forbidden(str(error), code="second_person_needed") from error


def _approval(model: store.Model, uow: UnitOfWork) -> ModelApproved:
    figures = ModelFigures.model_validate(model.current.figures)
    return ModelApproved(**_about(model, model.current), approved_by=uow.actor.sub, headline=figures.headline)


def _about(model: store.Model, version: store.VersionRow) -> dict[str, Any]:
    """What every event of a model says of it."""
    return {
        "model_id": model.row.id,
        "account_id": model.row.account_id,
        "name": model.row.name,
        "version": version.number,
        "version_hash": version.version_hash,
        "owner": model.row.owner,
    }
