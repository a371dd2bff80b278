"""The in-app inbox: each person's own messages."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.transaction import resource
from services.notification.api.access import Me
from services.notification.domain.delivery import Channel
from services.notification.metrics import NOTIFICATIONS
from services.notification.store.inbox import Inbox, InboxItem
from services.schemas.base import Document, Id, Timestamp

router = resource("/inbox")


class Message(Document):
    """What an event says to me. `subject` is the id of what it is about, `link` its path in the API;
    `occurred_at` is when it happened, `created_at` when the message came, `read_at` null until it is read."""

    id: Id
    event_id: Id
    event_type: str
    subject: str
    title: str
    body: str
    link: str
    occurred_at: Timestamp
    created_at: Timestamp
    read_at: Timestamp | None


class UnreadCount(Document):
    """How many messages wait to be read."""

    unread: int


@router.get("", dependencies=[requires("notification:read")], summary="List my messages")
async def list_inbox(
    uow: Work,
    me: Me,
    page: Annotated[PageRequest, Depends(page_request)],
    unread: Annotated[bool | None, Query(description="Only those not read yet, or only those read.")] = None,
) -> Page[Message]:
    """Newest first."""
    items = await Inbox(uow, me.id).page(page, unread=unread)
    return page.page(items, _shown, lambda item: item.message.id)


@router.get("/unread-count", dependencies=[requires("notification:read")], summary="Count my unread messages")
async def count_unread(uow: Work, me: Me) -> UnreadCount:
    return UnreadCount(unread=await Inbox(uow, me.id).unread_count())


@router.get("/{message_id}", dependencies=[requires("notification:read")], summary="Read one of my messages")
async def get_message(message_id: UUID, uow: Work, me: Me) -> Message:
    """It counts as read only by `read`."""
    return _shown(await Inbox(uow, me.id).get(message_id))


@router.post(
    "/{message_id}/read", dependencies=[requires("notification:write")], summary="Mark a message as read"
)
async def mark_read(message_id: UUID, uow: IdempotentWork, me: Me) -> Message:
    """Again is harmless: the time of the first reading stays."""
    item, is_first = await Inbox(uow, me.id).read(message_id)
    if is_first:
        uow.count(NOTIFICATIONS, channel=Channel.IN_APP, outcome="read")
    return _shown(item)


def _shown(item: InboxItem) -> Message:
    message = item.message
    return Message(
        id=message.id,
        event_id=message.event_id,
        event_type=message.event_type,
        subject=message.subject,
        title=message.title,
        body=message.body,
        link=message.link,
        occurred_at=message.occurred_at,
        created_at=message.created_at,
        read_at=item.read_at,
    )
