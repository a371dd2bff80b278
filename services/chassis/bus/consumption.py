"""Consuming one service's queue: a message is acknowledged only when its effect, or its copy, is safe.

While the database is away messages stay in hand, as many as the prefetch allows, and the queue waits behind
them: an outage costs no attempts. What fails is copied into a retry queue or among the dead letters, and only
then acknowledged. What was in hand when the connection broke comes again, and the inbox knows it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from pydantic import ValidationError

from services.chassis import grace
from services.chassis.bus import BusAway
from services.chassis.bus.broker import Broker
from services.chassis.bus.topology import consumer_queue, dead_queue, retry_queue
from services.chassis.handlers import InvalidPayload
from services.chassis.inbox import Consumer, Failure
from services.chassis.retries import describe
from services.schemas.envelope import parse_envelope

log = structlog.get_logger(__name__)

ATTEMPTS = "valueverse-attempts"
ERROR = "valueverse-error"
_PAUSE_S = 1.0

Headers = dict[str, Any]
Copy = Callable[[str, str, bytes, Headers], Awaitable[None]]


class Consumption:
    """Consumes the queue of one consumer until it is stopped, and starts anew after a loss of the broker."""

    def __init__(self, consumer: Consumer, broker: Broker, copy: Copy, *, prefetch: int) -> None:
        self._consumer = consumer
        self._broker = broker
        self._copy = copy
        self._prefetch = prefetch
        self._stopping = asyncio.Event()
        self._in_hand: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Consumes until `stop`, then finishes what is in hand."""
        while not self._stopping.is_set():
            try:
                await self._consume()
            except (*CONNECTION_EXCEPTIONS, BusAway, TimeoutError) as error:
                log.warning("consumer_away", consumer=self._consumer.name, error=describe(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE_S):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Takes no more messages."""
        self._stopping.set()

    async def _consume(self) -> None:
        channel = await self._broker.open_channel()
        try:
            lost = await loss_of(channel)
            await channel.set_qos(prefetch_count=self._prefetch)
            queue = await channel.get_queue(consumer_queue(self._consumer.name), ensure=False)
            tag = await queue.consume(self._take)
            log.info("consumer_ready", consumer=self._consumer.name)
            await first_of(lost, self._stopping)
            if self._stopping.is_set():
                await queue.cancel(tag)
                await self._finish(grace.MESSAGES_S)
        finally:
            await self._finish(0)
            await _close(channel)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        task = asyncio.create_task(self._handle(message), name=f"{self._consumer.name}:message")
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)

    async def _finish(self, grace_s: float) -> None:
        """Waits for the messages in hand; those that take longer are abandoned, and come again."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=grace_s)
        for task in self._in_hand:
            task.cancel()
        await asyncio.gather(*self._in_hand, return_exceptions=True)

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        try:
            await self._settle(message)
        except Exception as failure:  # noqa: BLE001  # whatever it is: the message is not safe, and comes again
            log.warning("message_unsettled", consumer=self._consumer.name, error=describe(failure))
            await asyncio.sleep(_PAUSE_S)
            with suppress(*CONNECTION_EXCEPTIONS):
                await message.nack(requeue=True)

    async def _settle(self, message: AbstractIncomingMessage) -> None:
        number = _attempts_of(message) + 1
        failure = await self._attempt(message, number)
        if failure is not None:
            headers = {ATTEMPTS: number, ERROR: failure.error}
            await self._copy(self._consumer.name, self._queue_after(failure), message.body, headers)
        await message.ack()

    async def _attempt(self, message: AbstractIncomingMessage, number: int) -> Failure | None:
        try:
            envelope = parse_envelope(message.body)
        except ValidationError as error:
            return self._consumer.judge("unknown", number, InvalidPayload.of("not an envelope", error))
        while True:
            try:
                return await self._consumer.attempt(envelope, number)
            except Exception as error:  # noqa: BLE001  # the database is away: `attempt` raises nothing else
                log.warning("message_waits", consumer=self._consumer.name, error=describe(error))
            await asyncio.sleep(_PAUSE_S)

    def _queue_after(self, failure: Failure) -> str:
        if failure.pause is None:
            return dead_queue(self._consumer.name)
        return retry_queue(self._consumer.name, failure.pause)


def _attempts_of(message: AbstractIncomingMessage) -> int:
    attempts = message.headers.get(ATTEMPTS, 0)
    return attempts if isinstance(attempts, int) else 0


async def loss_of(channel: AbstractChannel) -> asyncio.Event:
    """Set when the channel closes or the broker takes its consumer away (its queue was deleted or moved)."""
    lost = asyncio.Event()

    def lose(*_: object) -> None:
        lost.set()

    channel.close_callbacks.add(lose)
    underlay = await channel.get_underlay_channel()
    underlay.on_consumer_cancel_callbacks.add(lose)
    return lost


async def first_of(*events: asyncio.Event) -> None:
    """Returns once one of them is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _close(channel: AbstractChannel) -> None:
    with suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
        async with asyncio.timeout(grace.FAREWELL_S):
            await channel.close()
