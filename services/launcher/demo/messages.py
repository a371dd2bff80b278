"""With notification: what each of the story's events says to whom, and on which ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.launcher.demo.gateway import Person, until
from services.launcher.demo.people import People
from services.launcher.receivers import Mailbox, WebhookReceiver

NOTIFICATION = "/api/v1/notification"
_ENDPOINTS = f"{NOTIFICATION}/endpoints"
_OURS = "The story's own receiver."
_UNDER_WAY = frozenset({"pending", "sending", "retrying"})

# What the story has somebody told of, once the model is approved.
EVENTS = (
    "committer.contract.approval-requested.v1",
    "committer.contract.signed.v1",
    "committer.contract.activated.v1",
    "executor.plan.created.v1",
    "executor.milestone.at-risk.v1",
    "executor.milestone.accepted.v1",
    "executor.plan.completed.v1",
    "amplifier.period.review-requested.v1",
    "amplifier.period.closed.v1",
    "amplifier.period.restated.v1",
    "amplifier.commitment.at-risk.v1",
    "amplifier.commitment.met.v1",
    "amplifier.commitment.missed.v1",
    "committer.settlement.issued.v1",
    "committer.contract.completed.v1",
    "amplifier.proof-point.published.v1",
)


@dataclass(frozen=True, slots=True)
class Post:
    """Where e-mails and webhooks of the story arrive."""

    mail: Mailbox
    hooks: WebhookReceiver


async def connect(people: People, url: str) -> Any:
    """A webhook endpoint at an address, in place of those of earlier stories; with its secret."""
    for each in await people.operator.all(_ENDPOINTS):
        if each["description"] == _OURS:
            await people.operator.delete(f"{_ENDPOINTS}/{each['id']}", revision=each["revision"])
    return await people.operator.post(_ENDPOINTS, {"url": url, "description": _OURS})


async def told(people: People, subjects: Sequence[str], *, with_hooks: bool) -> list[Any]:
    """Every delivery about these things, once somebody has been told of every event and none is under way."""
    channels = ("in-app", "webhook") if with_hooks else ("in-app",)
    expected = {(event, channel) for event in EVENTS for channel in channels}

    async def look() -> list[Any] | None:
        found = [
            each
            for subject in subjects
            for each in await people.operator.all(f"{NOTIFICATION}/deliveries", subject=subject, limit="200")
        ]
        has_all = expected <= {(each["event_type"], each["channel"]) for each in found}
        return found if has_all and all(each["state"] not in _UNDER_WAY for each in found) else None

    return await until(look, "The last of the messages")


async def message_about(person: Person, subject: str, event_type: str) -> Any:
    """The message in somebody's inbox about an event of a thing, once it has come over the bus.

    Raises:
        DemoFailed: it does not come.
    """

    async def look() -> Any:
        page = await person.get(f"{NOTIFICATION}/inbox", limit="200")
        return next(
            (
                each
                for each in page["items"]
                if (each["subject"], each["event_type"]) == (subject, event_type)
            ),
            None,
        )

    return await until(look, f"A message about {event_type} to {person.sub}")
