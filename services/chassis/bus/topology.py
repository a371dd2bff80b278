"""Exchanges, queues and bindings, derived from the published language and declared by the migrate step.

    valueverse.events (topic) ── routing key ──> valueverse.<consumer>     one queue a service
                              └─ not consumed ─> valueverse.audit          the newest, up to a limit
    valueverse.commands (direct) ── addressee ─> valueverse.<addressee>    commands of sagas, and replies
    valueverse.<consumer> (direct) ── name ────> each queue of that consumer, these among them:
    valueverse.<consumer>.retry.<pause> ── after the pause ──> valueverse.<consumer>
    valueverse.<consumer>.dead          <── delivered too often ── valueverse.<consumer>
    valueverse.<consumer>.work             what the replicas of a service share out among themselves

Consumers copy failing messages into their retry and dead queues themselves, by an exchange of their own (the
default exchange would let them write into everybody's queue), confirmed, before they acknowledge. A queue's
arguments can never change: what may change (lengths, limits) is the business of policies on the `valueverse.`
prefix; of argument and policy the lesser holds. A retry queue's pause stands in its name, so that another
pause is another queue. Shared work that is delivered too often is dropped: who waits for it sends it again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

import aio_pika
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelPreconditionFailed
from pamqp.common import FieldValue

from services.chassis.retries import DEFAULT_RETRY, RetryPolicy, describe
from services.schemas.directory import SERVICES
from services.schemas.events import EVENTS, EventSpec

EVENTS_EXCHANGE = "valueverse.events"
COMMANDS_EXCHANGE = "valueverse.commands"
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
    """What is published to the exchange with this routing key reaches this queue."""

    exchange: str
    routing_key: str
    queue: str


@dataclass(frozen=True, slots=True)
class Topology:
    """What must exist in the broker before any service runs."""

    exchanges: dict[str, aio_pika.ExchangeType]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]


def consumer_queue(consumer: str) -> str:
    """The queue of a service, by its key."""
    return f"valueverse.{consumer}"


def consumer_exchange(consumer: str) -> str:
    """By which a service writes into its own queues."""
    return f"valueverse.{consumer}"


def retry_queue(consumer: str, pause: timedelta) -> str:
    """Where a service's failing message waits for so long."""
    return f"{consumer_queue(consumer)}.retry.{_milliseconds(pause)}ms"


def dead_queue(consumer: str) -> str:
    """Where a service's dead letters are."""
    return f"{consumer_queue(consumer)}.dead"


def work_queue(consumer: str) -> str:
    """Where the long work waits that a service's replicas share out."""
    return f"{consumer_queue(consumer)}.work"


def topology(catalogue: Sequence[EventSpec] = EVENTS, retry: RetryPolicy = DEFAULT_RETRY) -> Topology:
    """The topology of a catalogue of events."""
    consumers = sorted({consumer for spec in catalogue for consumer in spec.consumers})
    queues = {consumer: _queues_of(consumer, retry) for consumer in consumers}
    return Topology(
        exchanges={
            EVENTS_EXCHANGE: aio_pika.ExchangeType.TOPIC,
            COMMANDS_EXCHANGE: aio_pika.ExchangeType.DIRECT,
            **{consumer_exchange(consumer): aio_pika.ExchangeType.DIRECT for consumer in consumers},
        },
        queues=(_audit(), *chain.from_iterable(queues.values())),
        bindings=(
            *_event_bindings(catalogue),
            *(Binding(COMMANDS_EXCHANGE, consumer, consumer_queue(consumer)) for consumer in consumers),
            *(
                Binding(consumer_exchange(consumer), queue.name, queue.name)
                for consumer in consumers
                for queue in queues[consumer]
            ),
        ),
    )


def _event_bindings(catalogue: Sequence[EventSpec]) -> list[Binding]:
    readers: dict[str, set[str]] = {}
    for spec in catalogue:
        readers.setdefault(spec.routing_key, set()).update(map(consumer_queue, spec.consumers))
    return [
        Binding(EVENTS_EXCHANGE, routing_key, queue)
        for routing_key, queues in sorted(readers.items())
        for queue in sorted(queues or {AUDIT_QUEUE})
    ]


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
        *_work_of(consumer),
    ]


def _work_of(consumer: str) -> list[Queue]:
    if consumer not in SERVICES or not SERVICES[consumer].shares_work:
        return []
    return [Queue(work_queue(consumer), _quorum(_DELIVERY_LIMIT) | {"x-overflow": "reject-publish"})]


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
        CannotDeclare: the broker cannot be reached, or something of that name exists and is different.
    """
    try:
        async with (
            asyncio.timeout(_PATIENCE_S),
            await aio_pika.connect(amqp_url, client_properties={"connection_name": "migrate"}) as connection,
            connection.channel() as channel,
        ):
            await _declare(channel, wanted or topology())
    except ChannelPreconditionFailed as refusal:
        raise CannotDeclare(f"The broker has another topology: {refusal}") from None
    except (*CONNECTION_EXCEPTIONS, TimeoutError) as failure:
        raise CannotDeclare(f"The broker cannot be used: {describe(failure)}") from failure


async def _declare(channel: AbstractChannel, wanted: Topology) -> None:
    for name, kind in wanted.exchanges.items():
        await channel.declare_exchange(name, kind, durable=True)
    for queue in wanted.queues:
        await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
    for binding in wanted.bindings:
        bound = await channel.get_queue(binding.queue, ensure=False)
        await bound.bind(binding.exchange, binding.routing_key)
