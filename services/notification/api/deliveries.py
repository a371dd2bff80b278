"""Deliveries: what was told to whom and what came of it, for operators."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, document
from services.chassis.transaction import resource
from services.notification.domain.delivery import Channel, DeliveryState, ImpossibleStep
from services.notification.store.deliveries import Delivered, Deliveries, Wanted
from services.schemas.base import Document, Id, Timestamp

router = resource("/deliveries")


class Delivery(Document):
    """One event on one channel: told to a person (`recipient` is their `sub`, `message_id` their message) or
    sent to an endpoint; without its words, which are the person's own.

    `reason` is why the last attempt failed, or why there was none. `next_attempt_at` is null unless one
    follows; of a delivery that is being sent it is when another may take it over.
    """

    id: Id
    event_id: Id
    event_type: str
    subject: str
    channel: Channel
    recipient: str | None
    message_id: Id | None
    endpoint_id: Id | None
    state: DeliveryState
    attempts: int
    reason: str | None
    created_at: Timestamp
    next_attempt_at: Timestamp | None
    delivered_at: Timestamp | None
    read_at: Timestamp | None


async def _wanted(
    event_id: Annotated[UUID | None, Query(description="Those that tell of one event.")] = None,
    recipient: Annotated[str | None, Query(max_length=200, description="Those to one `sub`.")] = None,
    endpoint_id: Annotated[UUID | None, Query(description="Those to one endpoint.")] = None,
    subject: Annotated[
        str | None, Query(max_length=200, description="Those about one thing, by its id.")
    ] = None,
    channel: Annotated[Channel | None, Query(description="Those on one channel.")] = None,
    state: Annotated[DeliveryState | None, Query(description="Those in one state.")] = None,
) -> Wanted:
    return Wanted(
        event_id=event_id,
        recipient=recipient,
        endpoint_id=endpoint_id,
        subject=subject,
        channel=channel,
        state=state,
    )


@router.get("", dependencies=[requires("notification:operate")], summary="List deliveries")
async def list_deliveries(
    uow: Work,
    page: Annotated[PageRequest, Depends(page_request)],
    wanted: Annotated[Wanted, Depends(_wanted)],
) -> Page[Delivery]:
    """Newest first."""
    return page.page(await Deliveries(uow).page(page, wanted), _shown, lambda each: each.row.id)


@router.get("/{delivery_id}", dependencies=[requires("notification:operate")], summary="Read a delivery")
async def get_delivery(delivery_id: UUID, uow: Work) -> Delivery:
    return _shown(await Deliveries(uow).get(delivery_id))


@router.post(
    "/{delivery_id}/replay",
    dependencies=[requires("notification:operate")],
    summary="Send a delivery once more",
    responses=document(Conflict),
)
async def replay_delivery(delivery_id: UUID, uow: IdempotentWork) -> Delivery:
    """One that is dead, suppressed or delivered, with the same id and all its attempts."""
    try:
        return _shown(await Deliveries(uow).replay(delivery_id))
    except ImpossibleStep as impossible:
        raise Conflict(str(impossible), code="delivery_state") from None


def _shown(delivered: Delivered) -> Delivery:
    row = delivered.row
    return Delivery(
        id=row.id,
        event_id=row.event_id,
        event_type=row.event_type,
        subject=row.subject,
        channel=Channel(row.channel),
        recipient=delivered.recipient,
        message_id=row.message_id,
        endpoint_id=row.endpoint_id,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        reason=row.reason,
        created_at=row.created_at,
        next_attempt_at=row.due_at,
        delivered_at=row.delivered_at,
        read_at=row.read_at,
    )
