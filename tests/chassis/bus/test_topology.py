"""The topology: derived from the catalogue, declared as often as one likes."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from aio_pika import ExchangeType

from services.chassis.bus.permissions import broker_permissions
from services.chassis.bus.topology import (
    AUDIT_QUEUE,
    COMMANDS_EXCHANGE,
    EVENTS_EXCHANGE,
    Binding,
    CannotDeclare,
    Queue,
    consumer_exchange,
    consumer_queue,
    dead_queue,
    declare,
    retry_queue,
    topology,
    work_queue,
)
from services.chassis.retries import DEFAULT_RETRY
from services.schemas.events import EVENTS
from tests.chassis.probe import CATALOGUE
from tests.chassis.wires import TOPOLOGY
from tests.servers.rabbitmq import RabbitServer


def test_every_event_reaches_each_of_its_consumers_or_the_audit() -> None:
    events = {binding for binding in topology(EVENTS).bindings if binding.exchange == EVENTS_EXCHANGE}
    for spec in EVENTS:
        wanted = {consumer_queue(consumer) for consumer in spec.consumers} or {AUDIT_QUEUE}
        assert {b.queue for b in events if b.routing_key == spec.routing_key} == wanted


def test_what_nobody_consumes_goes_to_the_audit() -> None:
    assert Binding(EVENTS_EXCHANGE, "probe.note.shredded", AUDIT_QUEUE) in topology(CATALOGUE).bindings


def test_a_command_or_reply_reaches_whom_it_is_addressed_to() -> None:
    found = topology(CATALOGUE)
    assert found.exchanges[COMMANDS_EXCHANGE] is ExchangeType.DIRECT
    commands = {(b.routing_key, b.queue) for b in found.bindings if b.exchange == COMMANDS_EXCHANGE}
    assert commands == {("probe", "valueverse.probe"), ("listener", "valueverse.listener")}


def test_a_consumer_has_its_queue_a_retry_queue_a_pause_and_its_dead_letters() -> None:
    names = {queue.name for queue in topology(CATALOGUE, DEFAULT_RETRY).queues}
    assert names == {
        AUDIT_QUEUE,
        *(
            queue
            for consumer in ("probe", "listener")
            for queue in (
                f"valueverse.{consumer}",
                f"valueverse.{consumer}.dead",
                *(f"valueverse.{consumer}.retry.{pause}ms" for pause in (1000, 10000, 60000)),
            )
        ),
    }


@pytest.mark.parametrize("queue", topology(EVENTS).queues, ids=lambda queue: queue.name)
def test_queues_are_quorum_queues_that_state_their_limits(queue: Queue) -> None:
    assert queue.arguments["x-queue-type"] == "quorum"
    assert "x-delivery-limit" in queue.arguments
    assert "x-overflow" in queue.arguments
    if "x-dead-letter-exchange" in queue.arguments:
        assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
        assert queue.arguments["x-overflow"] == "reject-publish"


def test_messages_come_back_from_the_retry_queue_after_its_pause() -> None:
    pause = timedelta(seconds=10)
    (queue,) = [q for q in topology(CATALOGUE).queues if q.name == retry_queue("listener", pause)]
    assert queue.arguments["x-message-ttl"] == 10_000
    assert queue.arguments["x-dead-letter-routing-key"] == consumer_queue("listener")


def test_what_is_delivered_too_often_is_a_dead_letter() -> None:
    (queue,) = [q for q in topology(CATALOGUE).queues if q.name == consumer_queue("listener")]
    assert queue.arguments["x-delivery-limit"] == 20
    assert queue.arguments["x-dead-letter-routing-key"] == dead_queue("listener")


def test_whose_replicas_share_work_has_a_queue_for_it_that_it_may_use() -> None:
    assert [q.name for q in topology(EVENTS).queues if q.name.endswith(".work")] == [
        work_queue("calculation_engine")
    ]
    [rights] = [each for each in broker_permissions(EVENTS) if each.user == "calculation_engine"]
    assert re.search(rights.read, work_queue("calculation_engine"))
    assert re.search(rights.write, consumer_exchange("calculation_engine"))


async def test_declaring_again_changes_nothing(rabbitmq_server: RabbitServer) -> None:
    await declare(rabbitmq_server.url, TOPOLOGY)
    await declare(rabbitmq_server.url, TOPOLOGY)


async def test_a_broker_that_is_not_there_is_told_in_one_line() -> None:
    with pytest.raises(CannotDeclare, match="cannot be used") as refusal:
        await declare("amqp://nobody:secret@127.0.0.1:1/", TOPOLOGY)
    assert "\n" not in str(refusal.value)
    assert "secret" not in str(refusal.value)


async def test_a_different_queue_of_that_name_is_told_in_one_line(rabbitmq_server: RabbitServer) -> None:
    await declare(rabbitmq_server.url, TOPOLOGY)
    first = TOPOLOGY.queues[0]
    other = replace(first, arguments={**first.arguments, "x-delivery-limit": 1})
    with pytest.raises(CannotDeclare, match=r"valueverse\.audit") as refusal:
        await declare(rabbitmq_server.url, replace(TOPOLOGY, queues=(other,)))
    assert "\n" not in str(refusal.value)
