"""Hooks: what others call without a token; the opaque id is signed, and finds the tenant."""

from fastapi import Request

from services.chassis.access import open_unit_of_work
from services.chassis.actor import Actor
from services.chassis.problems import NotFound
from services.chassis.runtime import runtime_of
from services.chassis.transaction import resource
from services.notification.domain.delivery import Channel
from services.notification.domain.preferences import channels_of
from services.notification.domain.unsubscribing import BadLink, Links
from services.notification.store.preferences import Preferences
from services.notification.store.recipients import Recipients

router = resource("/hooks")


@router.post("/{hook_id}", status_code=204, summary="Unsubscribe from within an e-mail")
async def unsubscribe(hook_id: str, request: Request) -> None:
    """What a mail program calls by an e-mail's `List-Unsubscribe` (RFC 8058, one click): events of its type
    come to its reader by e-mail no longer. Again is harmless; the reader's preferences show and undo it."""
    runtime = runtime_of(request)
    try:
        wanted = Links(runtime.settings.internal_jwt_secret.get_secret_value()).read(hook_id)
    except BadLink:
        raise NotFound("There is no such hook.") from None
    uow = open_unit_of_work(request, Actor(wanted.tenant, runtime.identity.name))
    recipient = await Recipients(uow).get(wanted.recipient_id)
    preferences = Preferences(uow)
    chosen, version = await preferences.of(recipient.id)
    left = [each.value for each in channels_of(wanted.event_type, chosen) if each is not Channel.EMAIL]
    await preferences.replace(recipient.id, {**chosen, wanted.event_type: left}, version=version)
