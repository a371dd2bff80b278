"""Subscriptions: what I follow beyond what concerns me anyway."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.chassis.access import CurrentPrincipal, IdempotentWork, Work, requires
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, Forbidden, document
from services.chassis.transaction import resource
from services.notification.api.access import Me
from services.notification.api.preferences import EventType
from services.notification.domain.preferences import DEFAULTS
from services.notification.store.subscriptions import SubscriptionRow, Subscriptions
from services.schemas.base import Document, Id, Timestamp

router = resource("/subscriptions")

_EXAMPLE: JsonDict = {
    "event_types": ["executor.milestone.accepted.v1", "committer.settlement.issued.v1"],
    "about": "0195c0de-0000-7000-8000-000000000001",
}


class NewSubscription(Document):
    """Types of events to follow; none: all. `about` is the id of an account, a contract, a plan, a model …
    whose events to follow; null: of all."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    event_types: Annotated[tuple[EventType, ...], Field(strict=False, max_length=len(DEFAULTS))] = ()
    about: Id | None = None


class Subscription(Document):
    """What I follow."""

    id: Id
    event_types: list[str]
    about: Id | None
    created_at: Timestamp


@router.post(
    "",
    status_code=201,
    dependencies=[requires("notification:write")],
    summary="Follow something",
    responses=document(Conflict, Forbidden),
)
async def create_subscription(
    body: NewSubscription, uow: IdempotentWork, me: Me, principal: CurrentPrincipal
) -> Subscription:
    """Its events come to me as those that concern me do, by the channels of my preferences, as long as my
    roles let me read them where they come from. Customers follow nothing: they are told of what names them.
    """
    if principal.account is not None:
        raise Forbidden("Customers follow nothing.", code="customers_follow_nothing")
    row = await Subscriptions(uow).add(me.id, sorted(set(body.event_types)), body.about)
    return _shown(row)


@router.get("", dependencies=[requires("notification:read")], summary="List what I follow")
async def list_subscriptions(
    uow: Work, me: Me, page: Annotated[PageRequest, Depends(page_request)]
) -> Page[Subscription]:
    """Newest first."""
    return page.page(await Subscriptions(uow).page(page, me.id), _shown, lambda row: row.id)


@router.get("/{subscription_id}", dependencies=[requires("notification:read")], summary="Read what I follow")
async def get_subscription(subscription_id: UUID, uow: Work, me: Me) -> Subscription:
    return _shown(await Subscriptions(uow).get(subscription_id, me.id))


@router.delete(
    "/{subscription_id}",
    status_code=204,
    dependencies=[requires("notification:write")],
    summary="Follow something no longer",
)
async def delete_subscription(subscription_id: UUID, uow: Work, me: Me) -> None:
    """What came already stays."""
    subscriptions = Subscriptions(uow)
    await subscriptions.remove(await subscriptions.get(subscription_id, me.id))


def _shown(row: SubscriptionRow) -> Subscription:
    return Subscription(id=row.id, event_types=row.event_types, about=row.about, created_at=row.created_at)
