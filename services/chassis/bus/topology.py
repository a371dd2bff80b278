"""Exchanges, queues and bindings, derived from the published language and declared by the migrate step.

    valueverse.events (topic) ── routing key ──> <consumer>            one queue a service
                              └─ not consumed ─> valueverse.audit      the newest, up to a limit
    <consumer> ── rejected too often ──> <consumer>.dead
    <consumer>.retry.<pause> ── after the pause ──> <consumer>

Consumers copy failing messages into the retry and dead queues themselves, by the default exchange and
confirmed, before they acknowledge. A queue's arguments can never change: what may change (lengths, limits)
is the business of policies on the `valueverse.` prefix; of argument and policy the lesser holds. A retry
queue's pause stands in its name, so that another pause is another queue.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import aio_pika
from aio_pika.exceptions import ChannelPreconditionFailed
from pamqp.common import FieldValue

from services.chassis.retries import DEFAULT_RETRY, RetryPolicy
from services.schemas.events import EVENTS, EventSpec

EVENTS_EXCHANGE = "valueverse.events"
AUDIT_QUEUE = "valueverse.audit"

Arguments = dict[str, FieldValue]

_DELIVERY_LIMIT = 20
_NEVER = 1_000_000_000  # dead letters are looked at and replayed; looking counts as a delivery
_AUDIT_LENGTH = 100_000
_PATIENCE_S = 30.0


class CannotDeclare(Exception):
    """The broker refuses the topology; the message is one line."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue."""

    name: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Binding:
    """Events with this routing key reach this queue."""

    queue: str
    routing_key: str


@dataclass(frozen=True, slots=True)
class Topology:
    """What must exist in the broker before any service runs."""

    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    exchange: str = field(default=EVENTS_EXCHANGE)


def consumer_queue(consumer: str) -> str:
    """The queue of a service, by its key."""
    return f"valueverse.{consumer}"


def retry_queue(consumer: str, pause: timedelta) -> str:
    """Where a service's failing message waits for so long."""
    return f"{consumer_queue(consumer)}.retry.{_milliseconds(pause)}ms"


def dead_queue(consumer: str) -> str:
    """Where a service's dead letters are."""
    return f"{consumer_queue(consumer)}.dead"


def topology(catalogue: Sequence[EventSpec] = EVENTS, retry: RetryPolicy = DEFAULT_RETRY) -> Topology:
    """The topology of a catalogue of events."""
    consumers = sorted({consumer for spec in catalogue for consumer in spec.consumers})
    bindings = {
        Binding(consumer_queue(consumer), spec.routing_key)
        for spec in catalogue
        for consumer in spec.consumers
    }
    consumed = {binding.routing_key for binding in bindings}
    bindings |= {
        Binding(AUDIT_QUEUE, spec.routing_key) for spec in catalogue if spec.routing_key not in consumed
    }
    return Topology(
        queues=(_audit(), *(queue for consumer in consumers for queue in _queues_of(consumer, retry))),
        bindings=tuple(sorted(bindings, key=lambda binding: (binding.queue, binding.routing_key))),
    )


def _queues_of(consumer: str, retry: RetryPolicy) -> list[Queue]:
    main = consumer_queue(consumer)
    waiting = [
        Queue(
            retry_queue(consumer, pause),
            _quorum(_DELIVERY_LIMIT) | _dead_lettering(main) | {"x-message-ttl": _milliseconds(pause)},
        )
        for pause in dict.fromkeys(retry.delays)
    ]
    return [
        Queue(main, _quorum(_DELIVERY_LIMIT) | _dead_lettering(dead_queue(consumer))),
        *waiting,
        Queue(dead_queue(consumer), _quorum(_NEVER) | {"x-overflow": "reject-publish"}),
    ]


def _audit() -> Queue:
    newest: Arguments = {"x-max-length": _AUDIT_LENGTH, "x-overflow": "drop-head"}
    return Queue(AUDIT_QUEUE, _quorum(_NEVER) | newest)


def _quorum(delivery_limit: int) -> Arguments:
    return {"x-queue-type": "quorum", "x-delivery-limit": delivery_limit}


def _dead_lettering(target: str) -> Arguments:
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": target,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _milliseconds(pause: timedelta) -> int:
    return pause // timedelta(milliseconds=1)


async def declare(amqp_url: str, wanted: Topology | None = None) -> None:
    """Declares a topology (by default the platform's); declaring it again changes nothing.

    Raises:
        CannotDeclare: something of that name exists and is different.
    """
    wanted = wanted or topology()
    async with (
        asyncio.timeout(_PATIENCE_S),
        await aio_pika.connect(amqp_url, client_properties={"connection_name": "migrate"}) as connection,
        connection.channel() as channel,
    ):
        try:
            exchange = await channel.declare_exchange(
                wanted.exchange, aio_pika.ExchangeType.TOPIC, durable=True
            )
            queues = {
                queue.name: await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
                for queue in wanted.queues
            }
        except ChannelPreconditionFailed as refusal:
            raise CannotDeclare(f"The broker has another topology: {refusal}") from None
        for binding in wanted.bindings:
            await queues[binding.queue].bind(exchange, binding.routing_key)
