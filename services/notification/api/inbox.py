"""The in-app inbox: each person's own messages."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.chassis.access import CurrentPrincipal, IdempotentWork, Work, requires
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.transaction import resource
from services.notification.store.messages import MessageRow, Messages
from services.schemas.base import Document, Id, Timestamp

router = resource("/inbox")


class Message(Document):
    """A message; `link` is the path of what it is about, `read_at` null until it was read."""

    id: Id
    event_id: Id
    event_type: str
    subject: str
    title: str
    body: str
    link: str
    created_at: Timestamp
    read_at: Timestamp | None


class UnreadCount(Document):
    """How many messages wait to be read."""

    unread: int


@router.get("", dependencies=[requires("notification:read")], summary="List my messages")
async def list_inbox(
    uow: Work,
    principal: CurrentPrincipal,
    page: Annotated[PageRequest, Depends(page_request)],
    unread: Annotated[bool | None, Query(description="Only those not read yet, or only those read.")] = None,
) -> Page[Message]:
    """Newest first."""
    rows = await Messages(uow).inbox(principal.sub, page, unread=unread)
    return page.page(rows, _shown, lambda row: row.id)


@router.get("/unread-count", dependencies=[requires("notification:read")], summary="Count my unread messages")
async def count_unread(uow: Work, principal: CurrentPrincipal) -> UnreadCount:
    return UnreadCount(unread=await Messages(uow).unread_count(principal.sub))


@router.get("/{message_id}", dependencies=[requires("notification:read")], summary="Read one of my messages")
async def get_message(message_id: UUID, uow: Work, principal: CurrentPrincipal) -> Message:
    return _shown(await Messages(uow).mine(principal.sub, message_id))


@router.post(
    "/{message_id}/read", dependencies=[requires("notification:write")], summary="Mark a message as read"
)
async def mark_read(message_id: UUID, uow: IdempotentWork, principal: CurrentPrincipal) -> Message:
    """Keeps the time of the first reading."""
    return _shown(await Messages(uow).mark_read(principal.sub, message_id))


def _shown(row: MessageRow) -> Message:
    return Message(
        id=row.id,
        event_id=row.event_id,
        event_type=row.event_type,
        subject=row.subject,
        title=row.title,
        body=row.body,
        link=row.link,
        created_at=row.created_at,
        read_at=row.read_at,
    )
