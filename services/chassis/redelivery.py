"""Redelivery: parked messages are tried again when their pause is over, until they are handled or dead."""

import asyncio
from datetime import timedelta

from services.chassis.background import BackgroundService
from services.chassis.inbox import Consumer
from services.chassis.parking import ParkedMessage, Parking

_AT_ONCE = 8
_LEASE = timedelta(seconds=45)  # more than a handler's deadline


class Redelivery(BackgroundService):
    """Tries one consumer's parked messages again.

    It runs whatever the bus is: what was parked before a broker took over is still delivered.
    """

    name = "redelivery"

    def __init__(self, consumer: Consumer, *, lease: timedelta = _LEASE) -> None:
        super().__init__()
        self._consumer = consumer
        self._parking = Parking(consumer.database, consumer.name)
        self._lease = lease

    async def run_once(self) -> bool:
        """Tries some due messages; whether there were any."""
        due = await self._parking.claim_due(size=_AT_ONCE, lease=self._lease)
        async with asyncio.TaskGroup() as attempts:
            for message in due:
                attempts.create_task(self._attempt(message))
        return bool(due)

    async def _attempt(self, message: ParkedMessage) -> None:
        envelope = await self._parking.envelope_of(message)
        if envelope is None:
            return
        failure = await self._consumer.attempt(envelope, message.attempts)
        if failure is None:
            await self._parking.done(message)
        else:
            await self._parking.failed(message, failure.pause, failure.error)
