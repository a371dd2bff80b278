"""Recipients: the people of a tenant who can be told something, and the roles by which they are found."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import ExpectedVersion, if_match, set_etag
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.notification.domain.recipients import is_time_zone
from services.notification.store.recipients import RecipientRow, Recipients
from services.schemas.base import Document, Id, Label, Timestamp

router = resource("/recipients")

_EXAMPLE: dict[str, Any] = {
    "name": "Grace Approver",
    "email": "grace@vendor.example",
    "locale": "en",
    "time_zone": "Europe/Berlin",
    "roles": ["approver"],
}

Sub = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S+$")]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Role = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,63}$")]


class RecipientFields(Document):
    """What is known of a person. `roles` are those by which events find them."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Label
    email: Email | None = None
    locale: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en"
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "UTC"
    roles: Annotated[list[Role], Field(max_length=20)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known_time_zone(self) -> Self:
        if not is_time_zone(self.time_zone):
            raise PydanticCustomError("time_zone", "time_zone is an IANA name, such as Europe/Berlin")
        return self


class NewRecipient(RecipientFields):
    """A person to tell: `sub` as it stands in their tokens."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sub": "grace@vendor.example", **_EXAMPLE}]})

    sub: Sub


class Recipient(NewRecipient):
    """A recipient; `revision` is what `If-Match` takes, in quotes."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    id: Id
    revision: int
    created_at: Timestamp


@router.post(
    "",
    status_code=201,
    dependencies=[requires("notification:operate")],
    summary="Add a recipient",
    responses=document(Conflict),
)
async def create_recipient(body: NewRecipient, uow: IdempotentWork, response: Response) -> Recipient:
    row = await Recipients(uow).add(body.model_dump())
    set_etag(response, row.version)
    return _shown(row)


@router.get("", dependencies=[requires("notification:operate")], summary="List recipients")
async def list_recipients(
    uow: Work,
    page: Annotated[PageRequest, Depends(page_request)],
    role: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[Recipient]:
    """Newest first; those of one role if asked so."""
    rows = await Recipients(uow).page(page, role=role)
    return page.page(rows, _shown, lambda row: row.id)


@router.get("/{recipient_id}", dependencies=[requires("notification:operate")], summary="Read a recipient")
async def get_recipient(recipient_id: UUID, uow: Work, response: Response) -> Recipient:
    row = await Recipients(uow).get(recipient_id)
    set_etag(response, row.version)
    return _shown(row)


@router.put(
    "/{recipient_id}",
    dependencies=[requires("notification:operate")],
    summary="Replace a recipient",
    responses=document(PreconditionFailed, PreconditionRequired),
)
async def replace_recipient(
    recipient_id: UUID,
    body: RecipientFields,
    uow: Work,
    expected: Annotated[ExpectedVersion, Depends(if_match)],
    response: Response,
) -> Recipient:
    """Everything but the `sub`."""
    repository = Recipients(uow)
    row = await repository.get(recipient_id)
    expected.check(row.version)
    await repository.change(row, body.model_dump())
    set_etag(response, row.version)
    return _shown(row)


def _shown(row: RecipientRow) -> Recipient:
    return Recipient(
        id=row.id,
        revision=row.version,
        sub=row.sub,
        name=row.name,
        email=row.email,
        locale=row.locale,
        time_zone=row.time_zone,
        roles=row.roles,
        created_at=row.created_at,
    )
