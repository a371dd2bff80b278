"""With notification: what each of the story's events says to whom."""

from typing import Any

from services.launcher.demo.gateway import Person, until

_INBOX = "/api/v1/notification/inbox"


async def inbox_of(person: Person) -> list[Any]:
    """Somebody's messages, newest first."""
    return await person.all(_INBOX, limit="200")


async def message_about(person: Person, subject: str, event_type: str) -> Any:
    """The message in somebody's inbox about an event of a thing, once it has come over the bus.

    Raises:
        DemoFailed: it does not come.
    """

    async def look() -> Any:
        page = await person.get(_INBOX, limit="200")
        return next(
            (
                each
                for each in page["items"]
                if (each["subject"], each["event_type"]) == (subject, event_type)
            ),
            None,
        )

    return await until(look, f"A message about {event_type} to {person.sub}")
