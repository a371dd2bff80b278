"""Suppressions: addresses that get no e-mail, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import ConfigDict
from pydantic.config import JsonDict

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, document
from services.chassis.transaction import resource
from services.notification.api.recipients import Email
from services.notification.store.suppressions import Cause, SuppressionRow, Suppressions
from services.schemas.base import Document, Id, Label, Timestamp

router = resource("/suppressions")

_EXAMPLE: JsonDict = {"address": "grace@customer.example", "reason": "Asked by phone to be left alone."}


class NewSuppression(Document):
    """An address that is to get no e-mail, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    address: Email
    reason: Label


class Suppression(Document):
    """An address that gets no e-mail: because a mail server refused it for good, or somebody said so."""

    id: Id
    address: str
    cause: Cause
    reason: str
    created_by: str
    created_at: Timestamp


@router.post(
    "",
    status_code=201,
    dependencies=[requires("notification:operate")],
    summary="Suppress an address",
    responses=document(Conflict),
)
async def create_suppression(body: NewSuppression, uow: IdempotentWork) -> Suppression:
    row = await Suppressions(uow).add(body.address, Cause.BY_HAND, body.reason)
    if row is None:
        raise Conflict("The address is suppressed already.", code="suppression_exists")
    return _shown(row)


@router.get("", dependencies=[requires("notification:operate")], summary="List suppressions")
async def list_suppressions(
    uow: Work,
    page: Annotated[PageRequest, Depends(page_request)],
    address: Annotated[str | None, Query(max_length=254, description="That of one address.")] = None,
) -> Page[Suppression]:
    """Newest first."""
    return page.page(await Suppressions(uow).page(page, address=address), _shown, lambda row: row.id)


@router.get(
    "/{suppression_id}", dependencies=[requires("notification:operate")], summary="Read a suppression"
)
async def get_suppression(suppression_id: UUID, uow: Work) -> Suppression:
    return _shown(await Suppressions(uow).get(suppression_id))


@router.delete(
    "/{suppression_id}",
    status_code=204,
    dependencies=[requires("notification:operate")],
    summary="Lift a suppression",
)
async def delete_suppression(suppression_id: UUID, uow: Work) -> None:
    """What comes from now on is sent again; what was suppressed can be replayed."""
    await Suppressions(uow).remove(suppression_id)


def _shown(row: SuppressionRow) -> Suppression:
    return Suppression(
        id=row.id,
        address=row.address,
        cause=Cause(row.cause),
        reason=row.reason,
        created_by=row.created_by,
        created_at=row.created_at,
    )
