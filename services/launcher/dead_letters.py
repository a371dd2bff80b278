"""Dead letters at the terminal: look at them, and replay them once their cause is gone."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table

from services.chassis.dead_letters import DeadLetters, ParkedDeadLetters, RabbitDeadLetters
from services.launcher.configuration import database_of_service
from services.launcher.errors import CannotStart


async def print_dead_letters(console: Console, data: Path, service: str) -> None:
    """Prints a service's dead letters, oldest first."""
    async with _letters_of(data, service) as letters:
        found = await letters.oldest()
    table = Table("message", "type", "subject", "attempts", "since", "error", box=None)
    for letter in found:
        envelope = letter.envelope
        table.add_row(
            str(envelope.id) if envelope else "-",
            envelope.type if envelope else "not an event",
            envelope.subject if envelope else "-",
            str(letter.attempts),
            letter.dead_since.isoformat(timespec="seconds") if letter.dead_since else "-",
            letter.error,
        )
    console.print(table if found else f"{service} has no dead letters.")


async def replay(data: Path, service: str, message: str) -> int:
    """Gives one dead letter, or `all`, back to its service; how many were.

    Raises:
        CannotStart: it is neither `all` nor a message's id.
    """
    try:
        message_id = None if message == "all" else UUID(message)
    except ValueError as error:
        raise CannotStart(f"{message} is not a message's id: take one from the list, or say all.") from error
    async with _letters_of(data, service) as letters:
        return await letters.replay(message_id)


@asynccontextmanager
async def _letters_of(data: Path, service: str) -> AsyncIterator[DeadLetters]:
    """The broker's where one is configured, else those of the embedded platform."""
    broker = os.environ.get("RABBITMQ_URL", "")
    if broker:
        yield RabbitDeadLetters(broker, service)
        return
    database = database_of_service(service, data)
    try:
        yield ParkedDeadLetters(database, service)
    finally:
        await database.close()
