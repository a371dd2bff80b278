"""Deliveries: what was told to whom and what came of it, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.chassis.access import Work, requires
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.transaction import resource
from services.notification.domain.delivery import Channel, DeliveryState
from services.notification.store.deliveries import Delivered, Deliveries
from services.schemas.base import Document, Id, Timestamp

router = resource("/deliveries")


class Delivery(Document):
    """One event told to one person (`recipient` is their `sub`) on one channel; without its words, which are
    the person's own."""

    id: Id
    message_id: Id
    event_id: Id
    event_type: str
    recipient: str
    channel: Channel
    state: DeliveryState
    delivered_at: Timestamp
    read_at: Timestamp | None


@router.get("", dependencies=[requires("notification:operate")], summary="List deliveries")
async def list_deliveries(
    uow: Work,
    page: Annotated[PageRequest, Depends(page_request)],
    event_id: Annotated[UUID | None, Query(description="Those that tell of one event.")] = None,
    recipient: Annotated[str | None, Query(max_length=200, description="Those to one `sub`.")] = None,
) -> Page[Delivery]:
    """Newest first."""
    found = await Deliveries(uow).page(page, event_id=event_id, recipient=recipient)
    return page.page(found, _shown, lambda each: each.row.id)


def _shown(delivered: Delivered) -> Delivery:
    row = delivered.row
    return Delivery(
        id=row.id,
        message_id=row.message_id,
        event_id=delivered.event_id,
        event_type=delivered.event_type,
        recipient=delivered.recipient,
        channel=Channel(row.channel),
        state=DeliveryState(row.state),
        delivered_at=row.delivered_at,
        read_at=row.read_at,
    )
