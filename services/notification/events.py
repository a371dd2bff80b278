"""What notification handles: an event that concerns somebody becomes a message to them, and goes to the
endpoints that want it.

One aggregate's events may come out of order. A message tells what happened then, and no later one overwrites
it, so most may come as they like. An event that asks for something is compared with what has come already: a
request for a review that was approved meanwhile would only send people to work that is done. Endpoints get
every event, whose `sequence` tells them the order.
"""

from typing import Any

from services.chassis.handlers import Event, Handlers
from services.chassis.roles import scopes_of
from services.chassis.runtime import Runtime
from services.chassis.unit_of_work import UnitOfWork
from services.notification import templates
from services.notification.domain.delivery import Channel
from services.notification.domain.preferences import channels_of
from services.notification.domain.routing import RULES, audience_of, people_in, things_in
from services.notification.metrics import NOTIFICATIONS
from services.notification.store.deliveries import Deliveries
from services.notification.store.endpoints import Endpoints
from services.notification.store.messages import Messages
from services.notification.store.preferences import Preferences
from services.notification.store.recipients import RecipientRow, Recipients
from services.notification.store.subscriptions import Subscriptions
from services.schemas.directory import SERVICES
from services.schemas.envelope import Envelope
from services.schemas.events import EventPayload, spec_of

CUSTOMER = "customer"


def handlers(_runtime: Runtime) -> Handlers:
    """The handlers of one app: the same for every event that a rule is written for."""
    table = Handlers()
    for payload in RULES:
        table.on(payload)(tell)
    return table


async def tell(uow: UnitOfWork, event: Event[EventPayload]) -> None:
    """Tells everybody whom the event concerns, each once, and every endpoint that wants it."""
    await _put_before_endpoints(uow, event)
    if await _comes_too_late(uow, event):
        uow.count(NOTIFICATIONS, channel=Channel.IN_APP, outcome="late")
        return
    recipients = await _recipients(uow, event)
    if not recipients:
        uow.count(NOTIFICATIONS, channel=Channel.IN_APP, outcome="nobody")
    values = await _values(uow, event.payload)
    chosen = await Preferences(uow).of_all([each.id for each in recipients])
    for recipient in recipients:
        words = templates.PRODUCT.choose(event.type, recipient.locale).render(values)
        message_id = await Messages(uow).write(recipient.id, event, words)
        if message_id is None:
            continue
        for channel in channels_of(event.type, chosen.get(recipient.id, {})):
            await Deliveries(uow).begin(event, message_id, channel)
            if channel is Channel.IN_APP:
                uow.count(NOTIFICATIONS, channel=channel, outcome="delivered")


async def _recipients(uow: UnitOfWork, event: Event[EventPayload]) -> list[RecipientRow]:
    """Whom the event concerns, and whoever follows it and may read what it is about."""
    audience = audience_of(event.payload, actor=event.actor)
    concerned = await Recipients(uow).in_audience(audience)
    following = await Subscriptions(uow).followers(
        event.type, things_in(event.payload), without=audience.without
    )
    needed = f"{SERVICES[spec_of(event.payload).producer].slug}:read"
    known = {each.id for each in concerned}
    allowed = (each for each in following if each.id not in known and _may(each, needed))
    return [*concerned, *allowed]


def _may(person: RecipientRow, scope: str) -> bool:
    """By the roles of their last token. A customer may read their own, and no event tells whose it is."""
    return CUSTOMER not in person.roles and scope in scopes_of(person.roles)


async def _put_before_endpoints(uow: UnitOfWork, event: Event[EventPayload]) -> None:
    for endpoint_id in await Endpoints(uow).of_event(event.type):
        await Deliveries(uow).begin_call(event, endpoint_id, _published(event))


def _published(event: Event[EventPayload]) -> str:
    """The event as the bus carries it, but for its trace, which is ours."""
    envelope = Envelope(
        id=event.id,
        type=event.type,
        source=SERVICES[spec_of(event.payload).producer].name,
        subject=event.subject,
        time=event.occurred_at,
        tenant=event.tenant,
        actor=event.actor,
        sequence=event.sequence,
        data=event.payload.model_dump(mode="json"),
    )
    return envelope.model_dump_json(exclude_none=True)


async def _comes_too_late(uow: UnitOfWork, event: Event[EventPayload]) -> bool:
    settled_by = {each.event_type for each in RULES[type(event.payload)].settled_by}
    return bool(settled_by) and await Messages(uow).tell_of_later(event, settled_by)


async def _values(uow: UnitOfWork, payload: EventPayload) -> dict[str, Any]:
    """What templates speak of: the event's fields, with people's names where they name somebody."""
    people = people_in(payload)
    names = await Recipients(uow).names(set(people.values()))
    return payload.model_dump() | {field: names.get(sub, sub) for field, sub in people.items()}
