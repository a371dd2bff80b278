"""Deliveries: what was told to whom, for operators."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query

from services.chassis.access import Work, requires
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.transaction import resource
from services.notification.metrics import IN_APP
from services.notification.store.messages import MessageRow, Messages
from services.schemas.base import Document, Id, Timestamp

router = resource("/deliveries")


class Delivery(Document):
    """One event told to one person over one channel; without its words, which are the person's own."""

    id: Id
    event_id: Id
    event_type: str
    recipient: str
    channel: str
    state: Literal["delivered", "read"]
    delivered_at: Timestamp


@router.get("", dependencies=[requires("notification:operate")], summary="List deliveries")
async def list_deliveries(
    uow: Work,
    page: Annotated[PageRequest, Depends(page_request)],
    event_id: Annotated[UUID | None, Query()] = None,
    recipient: Annotated[str | None, Query(max_length=200)] = None,
) -> Page[Delivery]:
    """Newest first, of one event or of one recipient if asked so."""
    rows = await Messages(uow).all(page, event_id=event_id, recipient=recipient)
    return page.page(rows, _shown, lambda row: row.id)


def _shown(row: MessageRow) -> Delivery:
    return Delivery(
        id=row.id,
        event_id=row.event_id,
        event_type=row.event_type,
        recipient=row.recipient,
        channel=IN_APP,
        state="delivered" if row.read_at is None else "read",
        delivered_at=row.created_at,
    )
