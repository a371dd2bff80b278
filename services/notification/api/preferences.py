"""Preferences: by which channels I am told of each type of event."""

from typing import Annotated, Literal

from fastapi import Response
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict

from services.chassis.access import Work, requires
from services.chassis.etags import set_etag
from services.chassis.problems import PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.notification.api.access import Expected, Me
from services.notification.domain.delivery import Channel
from services.notification.domain.preferences import DEFAULTS, PERSONAL, channels_of
from services.notification.store.preferences import Choices as Chosen
from services.notification.store.preferences import Preferences as Store
from services.schemas.base import Document

router = resource("/preferences")

_EXAMPLE: JsonDict = {
    "choices": [
        {"event_type": "amplifier.commitment.met.v1", "channels": ["in-app", "email"]},
        {"event_type": "executor.plan.created.v1", "channels": ["in-app"]},
    ]
}


def _told_of(event_type: str) -> str:
    if event_type not in DEFAULTS:
        raise ValueError("nobody is told of such an event: docs/events.md lists those that there are")
    return event_type


EventType = Annotated[str, AfterValidator(_told_of), WithJsonSchema({"type": "string", "enum": [*DEFAULTS]})]
PersonalChannel = Literal["in-app", "email"]


class Choice(Document):
    """The channels of one type of event; none: I am not told of it."""

    event_type: EventType
    channels: Annotated[tuple[PersonalChannel, ...], Field(strict=False, max_length=len(PERSONAL))]


class Choices(Document):
    """What I choose; for types of events that are left out the default holds."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    choices: Annotated[tuple[Choice, ...], Field(strict=False, max_length=len(DEFAULTS))]


class Preference(Document):
    """How I am told of one type of event."""

    event_type: str
    channels: list[Channel]
    is_default: bool


class Preferences(Document):
    """How I am told of every type of event; `revision` is what `If-Match` takes, in quotes."""

    revision: int
    items: list[Preference]


@router.get("", dependencies=[requires("notification:read")], summary="Read my preferences")
async def get_preferences(uow: Work, me: Me, response: Response) -> Preferences:
    """By default everything is in the inbox, and what asks something of people or is about money comes by
    e-mail too."""
    chosen, version = await Store(uow).of(me.id)
    return _shown(chosen, version, response)


@router.put(
    "",
    dependencies=[requires("notification:write")],
    summary="Replace my preferences",
    responses=document(PreconditionFailed, PreconditionRequired),
)
async def replace_preferences(
    body: Choices, uow: Work, me: Me, expected: Expected, response: Response
) -> Preferences:
    """They hold from the next event on."""
    chosen: Chosen = {each.event_type: sorted(set(each.channels)) for each in body.choices}
    version = await Store(uow).replace(me.id, chosen, version=expected.version)
    return _shown(chosen, version, response)


def _shown(chosen: Chosen, version: int, response: Response) -> Preferences:
    set_etag(response, version)
    items = [
        Preference(
            event_type=event_type,
            channels=list(channels_of(event_type, chosen)),
            is_default=event_type not in chosen,
        )
        for event_type in sorted(DEFAULTS)
    ]
    return Preferences(revision=version, items=items)
