"""Endpoints: where a tenant's webhooks go, for whoever integrates."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import set_etag
from services.chassis.outbound import GuardedClient, OutboundFailed, OutboundRefused
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import PreconditionFailed, PreconditionRequired, Unprocessable, document
from services.chassis.runtime import runtime_of
from services.chassis.transaction import resource
from services.notification.api.access import Expected
from services.notification.api.preferences import EventType
from services.notification.domain.endpoints import Disabled, EndpointState
from services.notification.domain.preferences import DEFAULTS
from services.notification.store.endpoints import EndpointRow, Endpoints
from services.schemas.base import Document, Id, Text, Timestamp
from services.schemas.problem import FieldError

router = resource("/endpoints")

_LOOK_UP_S = 3.0
_EXAMPLE: JsonDict = {
    "url": "https://hooks.customer.example/valueverse",
    "event_types": ["committer.settlement.issued.v1", "executor.milestone.accepted.v1"],
    "description": "Settlements and milestones for the ERP.",
}

Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class EndpointFields(Document):
    """Where to send what. `event_types` are the types that are sent there; none: all. `disabled` sends
    nothing; `active` again begins without failures."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "state": "active"}]})

    url: Url
    event_types: Annotated[tuple[EventType, ...], Field(strict=False, max_length=len(DEFAULTS))] = ()
    description: Text = ""
    state: Annotated[EndpointState, Field(strict=False)] = EndpointState.ACTIVE


class Endpoint(Document):
    """An endpoint; `revision` is what `If-Match` takes, in quotes. `disabled_because` is null while it is
    active; `failing_since` is null unless every call since then has failed: after three days it is disabled.
    """

    id: Id
    revision: int
    url: str
    event_types: list[str]
    description: str
    state: EndpointState
    disabled_because: Disabled | None
    failing_since: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class EndpointWithSecret(Endpoint):
    """An endpoint and its new secret, by which its calls are signed as Standard Webhooks says. It is shown
    here and nowhere else: keep it."""

    secret: str


@router.post("", status_code=201, dependencies=[requires("notification:operate")], summary="Add an endpoint")
async def create_endpoint(
    body: EndpointFields, request: Request, uow: IdempotentWork, response: Response
) -> EndpointWithSecret:
    """Each event is sent as it is published (docs/events.md): a POST of `application/cloudevents+json` with
    the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. It comes at least once, in no
    certain order: the id tells a repetition. After any answer but 2xx it is tried again, eight times over 21
    hours; 410 disables the endpoint."""
    await _check_url(body.url, request)
    row, secret = await Endpoints(uow).add(_columns(body))
    return _with_secret(row, secret, response)


@router.get("", dependencies=[requires("notification:operate")], summary="List endpoints")
async def list_endpoints(uow: Work, page: Annotated[PageRequest, Depends(page_request)]) -> Page[Endpoint]:
    """Newest first."""
    return page.page(await Endpoints(uow).page(page), _document, lambda row: row.id)


@router.get("/{endpoint_id}", dependencies=[requires("notification:operate")], summary="Read an endpoint")
async def get_endpoint(endpoint_id: UUID, uow: Work, response: Response) -> Endpoint:
    return _shown(await Endpoints(uow).get(endpoint_id), response)


@router.put(
    "/{endpoint_id}",
    dependencies=[requires("notification:operate")],
    summary="Replace an endpoint",
    responses=document(PreconditionFailed, PreconditionRequired),
)
async def replace_endpoint(
    endpoint_id: UUID,
    body: EndpointFields,
    request: Request,
    uow: Work,
    expected: Expected,
    response: Response,
) -> Endpoint:
    """Everything but the secret. What waits for it goes to the new address."""
    await _check_url(body.url, request)
    endpoints = Endpoints(uow)
    row = await endpoints.get(endpoint_id)
    expected.check(row.version)
    await endpoints.replace(row, _columns(body))
    return _shown(row, response)


@router.delete(
    "/{endpoint_id}",
    status_code=204,
    dependencies=[requires("notification:operate")],
    summary="Forget an endpoint",
    responses=document(PreconditionFailed, PreconditionRequired),
)
async def delete_endpoint(endpoint_id: UUID, uow: Work, expected: Expected) -> None:
    """With its secrets and every delivery to it."""
    endpoints = Endpoints(uow)
    row = await endpoints.get(endpoint_id)
    expected.check(row.version)
    await endpoints.remove(row)


@router.post(
    "/{endpoint_id}/rotate",
    dependencies=[requires("notification:operate")],
    summary="Give an endpoint a new secret",
    responses=document(PreconditionFailed, PreconditionRequired),
)
async def rotate_secret(
    endpoint_id: UUID, uow: IdempotentWork, expected: Expected, response: Response
) -> EndpointWithSecret:
    """For 24 hours each call is signed with both, the new secret and the one before; any older one ends at
    once, so that rotating twice ends a secret that got out."""
    endpoints = Endpoints(uow)
    row = await endpoints.get(endpoint_id)
    expected.check(row.version)
    return _with_secret(row, await endpoints.rotate(row), response)


async def _check_url(url: str, request: Request) -> None:
    """That a name is not found may pass; that an address is not one to call does not."""
    private = runtime_of(request).settings.allow_private_networks
    client = GuardedClient(allow_private_networks=private, total_s=_LOOK_UP_S)
    try:
        await client.check(url)
    except OutboundFailed:
        pass
    except OutboundRefused as refused:
        raise _wrong_url(str(refused)) from None
    finally:
        await client.close()
    if not private and not url.lower().startswith("https:"):
        raise _wrong_url("It must begin with https: what is sent there is not for everybody.")


def _wrong_url(why: str) -> Unprocessable:
    return Unprocessable(why, code="validation_failed", errors=[FieldError(pointer="/url", detail=why)])


def _columns(fields: EndpointFields) -> dict[str, object]:
    return fields.model_dump() | {"event_types": sorted(set(fields.event_types))}


def _with_secret(row: EndpointRow, secret: str, response: Response) -> EndpointWithSecret:
    return EndpointWithSecret(**_shown(row, response).model_dump(), secret=secret)


def _shown(row: EndpointRow, response: Response) -> Endpoint:
    set_etag(response, row.version)
    return _document(row)


def _document(row: EndpointRow) -> Endpoint:
    return Endpoint(
        id=row.id,
        revision=row.version,
        url=row.url,
        event_types=row.event_types,
        description=row.description,
        state=EndpointState(row.state),
        disabled_because=None if row.disabled_because is None else Disabled(row.disabled_because),
        failing_since=row.failing_since,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
