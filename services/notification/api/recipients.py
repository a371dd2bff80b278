"""Recipients: the people of a tenant, how to reach them, and the roles by which events find them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.config import JsonDict

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import set_etag
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, PreconditionFailed, PreconditionRequired, document
from services.chassis.roles import ROLES
from services.chassis.transaction import resource
from services.notification.api.access import Expected, Me
from services.notification.store.recipients import RecipientRow, Recipients
from services.schemas.base import Document, Id, Label, Timestamp
from services.schemas.time_zone import TimeZone

router = resource("/recipients")

_PROFILE: JsonDict = {
    "name": "Grace Okafor",
    "email": "grace@vendor.example",
    "phone": "+4930123456",
    "locale": "en",
    "time_zone": "Europe/Berlin",
}
_SUB: JsonDict = {"sub": "grace@vendor.example"}
_ROLES: JsonDict = {"roles": ["approver"]}


def _known_role(role: str) -> str:
    if role not in ROLES:
        raise ValueError(f"must be one of {', '.join(ROLES)}")
    return role


Sub = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S+$")]
# Without the quoted forms that nobody uses and mail programs read in different ways.
_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9-]+"
EMAIL = rf"^{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+$"
Email = Annotated[str, StringConstraints(max_length=254, pattern=EMAIL)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Role = Annotated[str, AfterValidator(_known_role), WithJsonSchema({"type": "string", "enum": [*ROLES]})]


class Profile(Document):
    """How somebody is called and reached. `phone` is in E.164 form; `locale` chooses the words."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROFILE]})

    name: Label
    email: Email | None = None
    phone: Phone | None = None
    locale: Locale = "en"
    time_zone: TimeZone = "UTC"


class RecipientFields(Profile):
    """What an operator may change: also the roles, which a person's own token tells anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROFILE | _ROLES]})

    roles: Annotated[tuple[Role, ...], Field(strict=False, max_length=len(ROLES))] = ()


class NewRecipient(RecipientFields):
    """Somebody to tell, before they come by themselves: `sub` as it stands in their tokens."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUB | _PROFILE | _ROLES]})

    sub: Sub


class Recipient(Document):
    """A recipient; `revision` is what `If-Match` takes, in quotes."""

    id: Id
    revision: int
    sub: str
    name: str
    email: str | None
    phone: str | None
    locale: str
    time_zone: str
    roles: list[str]
    created_at: Timestamp
    updated_at: Timestamp


@router.get("/me", dependencies=[requires("notification:read")], summary="Read my own entry")
async def get_me(me: Me, response: Response) -> Recipient:
    """It is made on first use, with the roles of the token."""
    return _shown(me, response)


@router.put(
    "/me",
    dependencies=[requires("notification:write")],
    summary="Replace my own profile",
    responses=document(PreconditionFailed, PreconditionRequired),
)
async def replace_me(body: Profile, uow: Work, me: Me, expected: Expected, response: Response) -> Recipient:
    """Every field anew; roles are not one's own to choose."""
    expected.check(me.version)
    await Recipients(uow).replace(me, body.model_dump())
    return _shown(me, response)


@router.post(
    "",
    status_code=201,
    dependencies=[requires("notification:operate")],
    summary="Add a recipient",
    responses=document(Conflict),
)
async def create_recipient(body: NewRecipient, uow: IdempotentWork, response: Response) -> Recipient:
    return _shown(await Recipients(uow).add(body.sub, _columns(body)), response)


@router.get("", dependencies=[requires("notification:operate")], summary="List recipients")
async def list_recipients(
    uow: Work,
    page: Annotated[PageRequest, Depends(page_request)],
    role: Annotated[str | None, Query(max_length=64, description="Those who hold a role.")] = None,
) -> Page[Recipient]:
    """Newest first."""
    rows = await Recipients(uow).page(page, role=role)
    return page.page(rows, _document, lambda row: row.id)


@router.get(
    "/{recipient_id:uuid}", dependencies=[requires("notification:operate")], summary="Read a recipient"
)
async def get_recipient(recipient_id: UUID, uow: Work, response: Response) -> Recipient:
    return _shown(await Recipients(uow).get(recipient_id), response)


@router.put(
    "/{recipient_id:uuid}",
    dependencies=[requires("notification:operate")],
    summary="Replace a recipient",
    responses=document(PreconditionFailed, PreconditionRequired),
)
async def replace_recipient(
    recipient_id: UUID, body: RecipientFields, uow: Work, expected: Expected, response: Response
) -> Recipient:
    """Everything but the `sub`."""
    recipients = Recipients(uow)
    row = await recipients.get(recipient_id)
    expected.check(row.version)
    await recipients.replace(row, _columns(body))
    return _shown(row, response)


@router.delete(
    "/{recipient_id:uuid}",
    status_code=204,
    dependencies=[requires("notification:operate")],
    summary="Forget a recipient",
    responses=document(PreconditionFailed, PreconditionRequired),
)
async def delete_recipient(recipient_id: UUID, uow: Work, expected: Expected) -> None:
    """With every message to them. Whoever comes again is a new recipient."""
    recipients = Recipients(uow)
    row = await recipients.get(recipient_id)
    expected.check(row.version)
    await recipients.remove(row)


def _columns(fields: RecipientFields) -> dict[str, object]:
    return fields.model_dump(exclude={"sub"}) | {"roles": sorted(set(fields.roles))}


def _shown(row: RecipientRow, response: Response) -> Recipient:
    set_etag(response, row.version)
    return _document(row)


def _document(row: RecipientRow) -> Recipient:
    return Recipient(
        id=row.id,
        revision=row.version,
        sub=row.sub,
        name=row.name,
        email=row.email,
        phone=row.phone,
        locale=row.locale,
        time_zone=row.time_zone,
        roles=row.roles,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
