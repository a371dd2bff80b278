"""The queue of shards: within a process and over RabbitMQ, one suite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from services.calculation_engine.jobs.queue import Labels, QueueAway, ShardQueue, local_queue, rabbit_queue
from services.calculation_engine.jobs.shards import Shard
from services.chassis.bus.topology import declare
from services.chassis.ids import new_id
from tests.harness.separate_processes import BROKER_PASSWORD, broker_of
from tests.harness.waiting import eventually
from tests.servers.rabbitmq import RabbitServer

LABELS = {"deadline": "2026-01-01T00:00:00+00:00", "traceparent": "00-1-2-01"}


def a_shard(start: int = 0) -> Shard:
    return Shard(new_id(), new_id(), start, start + 1, "a build")


@dataclass
class Hand:
    """Takes shards, and says of each what it is told to."""

    is_done: bool = True
    taken: list[tuple[Shard, Labels]] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, shard: Shard, labels: Labels) -> bool:
        self.taken.append((shard, labels))
        await self.free.wait()
        return self.is_done

    async def has(self, number: int) -> bool:
        return len(self.taken) >= number


@asynccontextmanager
async def consuming(queue: ShardQueue, hand: Hand) -> AsyncIterator[asyncio.Task[None]]:
    stopping = asyncio.Event()
    task = asyncio.create_task(queue.consume(hand.take, stopping))
    try:
        yield task
    finally:
        stopping.set()
        hand.free.set()
        await asyncio.wait([task])


@pytest.fixture(scope="module")
async def broker(rabbitmq_server: RabbitServer, tmp_path_factory: pytest.TempPathFactory) -> RabbitServer:
    folder = tmp_path_factory.mktemp("shards")
    server = await asyncio.to_thread(broker_of, rabbitmq_server, f"shards-{uuid4().hex[:8]}", folder)
    await declare(server.url)
    return server


@pytest.fixture(params=["local", "rabbit"])
async def queue(request: pytest.FixtureRequest, broker: RabbitServer) -> AsyncIterator[ShardQueue]:
    is_local = request.param == "local"
    made = local_queue() if is_local else rabbit_queue(broker.url_of("calculation_engine", BROKER_PASSWORD))
    yield made
    await made.close()


async def test_what_is_sent_is_taken_with_its_labels(queue: ShardQueue) -> None:
    shard, hand = a_shard(), Hand()
    hand.free.set()
    await queue.send(shard, LABELS)
    async with consuming(queue, hand):
        await eventually(lambda: hand.has(1))
    [(taken, labels)] = hand.taken
    assert taken == shard
    assert LABELS.items() <= labels.items()


async def test_one_is_in_hand_at_a_time(queue: ShardQueue) -> None:
    one, two, hand = a_shard(1), a_shard(2), Hand()
    for shard in (one, two):
        await queue.send(shard, LABELS)
    async with consuming(queue, hand):
        await eventually(lambda: hand.has(1))
        await asyncio.sleep(0.1)
        assert [shard for shard, _ in hand.taken] == [one]
        hand.free.set()
        await eventually(lambda: hand.has(2))
    assert [shard for shard, _ in hand.taken] == [one, two]


async def test_what_is_given_back_goes_behind_the_others(queue: ShardQueue) -> None:
    one, two, hand = a_shard(1), a_shard(2), Hand(is_done=False)
    for shard in (one, two):
        await queue.send(shard, LABELS)
    hand.free.set()
    async with consuming(queue, hand):
        await eventually(lambda: hand.has(4))
        hand.is_done = True
        taken = len(hand.taken)
        await eventually(lambda: hand.has(taken + 1))
    assert [shard for shard, _ in hand.taken[:4]] == [one, two, one, two]
    assert LABELS.items() <= hand.taken[3][1].items()


async def test_two_consumers_share(broker: RabbitServer) -> None:
    url = broker.url_of("calculation_engine", BROKER_PASSWORD)
    mine, theirs = rabbit_queue(url), rabbit_queue(url)
    one, other = Hand(), Hand()
    async with consuming(mine, one), consuming(theirs, other):
        for start in range(2):
            await mine.send(a_shard(start), LABELS)
        await eventually(lambda: one.has(1))
        await eventually(lambda: other.has(1))
    await mine.close()


async def test_what_is_not_done_comes_again(broker: RabbitServer) -> None:
    queue = rabbit_queue(broker.url_of("calculation_engine", BROKER_PASSWORD))
    shard, hand, next_hand = a_shard(), Hand(is_done=False), Hand()
    await queue.send(shard, LABELS)
    async with consuming(queue, hand):
        await eventually(lambda: hand.has(1))
    next_hand.free.set()
    async with consuming(queue, next_hand):
        await eventually(lambda: next_hand.has(1))
    assert [shard for shard, _ in next_hand.taken] == [shard]
    await queue.close()


async def test_a_lost_connection_is_seen_and_made_again(broker: RabbitServer) -> None:
    queue = rabbit_queue(broker.url_of("calculation_engine", BROKER_PASSWORD))
    shard, hand = a_shard(), Hand()
    await queue.send(shard, LABELS)
    async with consuming(queue, hand) as task:
        await eventually(lambda: hand.has(1))
        await asyncio.to_thread(broker.ctl, "close_all_connections", "--vhost", broker.vhost, "test")
        hand.free.set()  # what is in hand ends first, and cannot be acknowledged any more
        await asyncio.wait([task], timeout=20)
        assert isinstance(task.exception(), QueueAway)
    # What was in hand comes again, and sending works at the latest when it is tried again.
    next_hand = Hand()
    next_hand.free.set()
    async with consuming(queue, next_hand):
        await eventually(lambda: next_hand.has(1))
        await eventually(lambda: _sent(queue))
        await eventually(lambda: next_hand.has(2))
    assert next_hand.taken[0][0] == shard
    await queue.close()


async def _sent(queue: ShardQueue) -> bool:
    try:
        await queue.send(a_shard(7), LABELS)
    except QueueAway:
        return False
    return True


async def test_a_broker_that_is_away_is_told() -> None:
    with pytest.raises(QueueAway):
        await rabbit_queue("amqp://nobody:secret@127.0.0.1:1/").send(a_shard(), LABELS)
