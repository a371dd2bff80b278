"""The bus over RabbitMQ: publisher confirms on one side, a quorum queue a service on the other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aio_pika import DeliveryMode, Message
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from services.chassis.bus import BusAway, PublishFailed
from services.chassis.bus.broker import Broker
from services.chassis.bus.consumption import Consumption, Headers
from services.chassis.bus.topology import COMMANDS_EXCHANGE, EVENTS_EXCHANGE, consumer_exchange
from services.chassis.inbox import Consumer
from services.chassis.retries import describe
from services.schemas.envelope import CONTENT_TYPE, CommandEnvelope, Envelope
from services.schemas.events import EVENTS, EventSpec

_CONFIRM_S = 10.0


class RabbitBus:
    """Publishes to the topic exchange and consumes one queue a service; both come back after an outage.

    Publishing and consuming have a connection each, as a broker short of memory stops reading from
    publishers. The topology was declared before, by the migrate step.
    """

    kind = "rabbit"

    def __init__(self, url: str, *, catalogue: Sequence[EventSpec] = EVENTS, prefetch: int = 16) -> None:
        self._publishing = Broker(url, "publisher")
        self._consuming = Broker(url, "consumer")
        self._consumers = frozenset(consumer for spec in catalogue for consumer in spec.consumers)
        self._prefetch = prefetch

    async def publish(self, envelope: Envelope) -> None:
        message = Message(
            envelope.model_dump_json(exclude_none=True).encode(),
            content_type=CONTENT_TYPE,
            message_id=str(envelope.id),
            type=envelope.type,
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        if isinstance(envelope, CommandEnvelope):
            await self._send(message, exchange=COMMANDS_EXCHANGE, routing_key=envelope.to)
        else:
            await self._send(message, exchange=EVENTS_EXCHANGE, routing_key=envelope.routing_key)

    async def copy(self, consumer: str, queue: str, body: bytes, headers: Headers) -> None:
        """Puts a message into one of a consumer's queues; returns once the broker has it.

        Raises:
            PublishFailed: it may not have it.
        """
        message = Message(
            body,
            content_type=CONTENT_TYPE,
            headers=headers,
            delivery_mode=DeliveryMode.PERSISTENT,
            timestamp=datetime.now(UTC),
        )
        await self._send(message, exchange=consumer_exchange(consumer), routing_key=queue)

    async def _send(self, message: Message, *, exchange: str, routing_key: str) -> None:
        try:
            async with asyncio.timeout(_CONFIRM_S):
                channel = await self._publishing.publisher()
                target = await channel.get_exchange(exchange, ensure=False)
                await target.publish(message, routing_key, mandatory=True)
        except (*CONNECTION_EXCEPTIONS, BusAway, TimeoutError) as error:
            raise PublishFailed(f"{routing_key} is not confirmed: {describe(error)}") from error

    @asynccontextmanager
    async def subscribe(self, consumer: Consumer) -> AsyncIterator[None]:
        if consumer.name not in self._consumers:
            yield  # nothing is for it, so it has no queue
            return
        consumption = Consumption(consumer, self._consuming, self.copy, prefetch=self._prefetch)
        task = asyncio.create_task(consumption.run(), name=f"{consumer.name}:consume")
        try:
            yield
        finally:
            consumption.stop()
            await task

    async def ping(self) -> None:
        await self._publishing.publisher()

    async def close(self) -> None:
        await self._publishing.close()
        await self._consuming.close()
