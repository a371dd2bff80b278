"""The queue of shards: messages of taskiq, over RabbitMQ to every replica, or within one process.

A worker has one shard in hand and acknowledges it when it is done: one that is lost with its replica comes
again, to another. Messages are few and small; what shards bring goes by the cache.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from aio_pika import Connection
from taskiq import AckableMessage, AsyncBroker, BrokerMessage, Context, TaskiqDepends
from taskiq.acks import AcknowledgeType
from taskiq.exceptions import NoResultError
from taskiq.kicker import AsyncKicker
from taskiq.receiver import Receiver
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue

from services.calculation_engine.jobs.shards import Shard
from services.chassis import grace
from services.chassis.bus.consumption import first_of, loss_of
from services.chassis.bus.topology import consumer_exchange, dead_queue, work_queue
from services.chassis.retries import describe

log = structlog.get_logger(__name__)

Labels = Mapping[str, str]
Handle = Callable[[Shard, Labels], Awaitable[bool]]
"""Takes a shard in hand; whether it is done with. If not, it goes to the end of the queue, or stays in it
when the service stops."""

_TASK = "compute_shard"
_OWNER = "calculation_engine"
_PATIENCE_S = 5.0
_CONTEXT: Any = TaskiqDepends()


class QueueAway(Exception):
    """The queue cannot be reached; nothing was sent."""


class ShardQueue:
    """Sends shards and hands them out.

    `worker` makes a broker that listens, `sender` one that does not; both may be one and the same.
    """

    def __init__(self, *, sender: Callable[[], AsyncBroker], worker: Callable[[], AsyncBroker]) -> None:
        self._make_sender = sender
        self._make_worker = worker
        self._sender: AsyncBroker | None = None

    async def send(self, shard: Shard, labels: Labels) -> None:
        """Raises QueueAway."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                if self._sender is None:
                    self._sender = await _started(self._make_sender())
                kicker: AsyncKicker[..., None] = AsyncKicker(_TASK, self._sender, dict(labels))
                await kicker.kiq(
                    tenant=str(shard.tenant),
                    job_id=str(shard.job_id),
                    start=shard.start,
                    stop=shard.stop,
                    build=shard.build,
                )
        except Exception as error:
            await self.close()
            raise QueueAway(f"{type(error).__name__}: {error}") from error

    async def consume(self, handle: Handle, stopping: asyncio.Event) -> None:
        """Hands out one shard after the other until `stopping`. What was in hand and not done comes again.

        Raises:
            QueueAway: the connection was lost, or what was in hand could not be settled; it has ended.
        """

        async def run(
            tenant: str, job_id: str, start: int, stop: int, build: str, context: Context = _CONTEXT
        ) -> None:
            shard = Shard(UUID(tenant), UUID(job_id), start, stop, build)
            try:
                if await handle(shard, context.message.labels):
                    await context.ack()
                elif not stopping.is_set():
                    await _sent_again(context)
            except Exception as failure:  # noqa: BLE001  # it comes again, and what was done is known
                log.warning("shard_unsettled", job_id=job_id, start=start, error=describe(failure))
                unsettled.set()

        unsettled = asyncio.Event()  # no other would be handed out before it
        broker = self._make_worker()
        broker.is_worker_process = True
        broker.register_task(run, _TASK)
        try:
            await _started(broker)
            receiver = Receiver(broker, max_async_tasks=1, run_startup=False, ack_type=AcknowledgeType.MANUAL)
            await self._listen(receiver, (await _loss_of(broker), unsettled), stopping)
        finally:
            await _close(broker)

    async def _listen(
        self, receiver: Receiver, losses: Sequence[asyncio.Event], stopping: asyncio.Event
    ) -> None:
        """taskiq itself would wait on a dead connection for ever."""
        ending = asyncio.Event()
        listening = asyncio.create_task(receiver.listen(ending), name="shards:listen")
        try:
            await first_of(*losses, stopping)
            ending.set()
            await listening
        finally:
            listening.cancel()
        if not stopping.is_set():
            raise QueueAway("the connection was lost or did not answer")

    async def close(self) -> None:
        """Lets go of the connection for sending."""
        sender, self._sender = self._sender, None
        if sender is not None:
            await _close(sender)


def rabbit_queue(url: str) -> ShardQueue:
    """Over RabbitMQ, whose topology the migrate step has declared. A lost connection is seen, not restored
    out of sight: whoever sends or consumes begins anew."""

    def broker() -> AsyncBroker:
        return AioPikaBroker(
            url,
            qos=1,
            exchange=Exchange(name=consumer_exchange(_OWNER), declare=False),
            task_queues=[Queue(name=work_queue(_OWNER), declare=False)],
            dead_letter_queue=Queue(name=dead_queue(_OWNER), declare=False),
            connection_class=Connection,
            client_properties={"connection_name": "shards"},
        )

    return ShardQueue(sender=broker, worker=broker)


def local_queue() -> ShardQueue:
    """Within one process; what it holds is lost with it, and sent again by whoever goes on with the job."""
    broker = _LocalBroker()
    return ShardQueue(sender=lambda: broker, worker=lambda: broker)


class _LocalBroker(AsyncBroker):
    """taskiq's own in-memory broker runs everything at once; this one hands out messages one by one."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: asyncio.Queue[bytes] = asyncio.Queue()

    async def kick(self, message: BrokerMessage) -> None:
        self._messages.put_nowait(message.message)

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        while True:
            yield AckableMessage(data=await self._messages.get(), ack=lambda: None)


async def _loss_of(broker: AsyncBroker) -> asyncio.Event:
    """Set when the connection is lost, which a process has none of to itself."""
    if not isinstance(broker, AioPikaBroker):
        return asyncio.Event()
    assert broker.read_channel is not None, "a worker has one"  # noqa: S101
    return await loss_of(broker.read_channel)


async def _sent_again(context: Context) -> None:
    """To the end of the queue, and only then taken from its head."""
    async with asyncio.timeout(_PATIENCE_S):
        with suppress(NoResultError):  # it is how taskiq says that it was sent
            await context.requeue()
        await context.ack()


async def _started(broker: AsyncBroker) -> AsyncBroker:
    try:
        await broker.startup()
    except BaseException:
        await _close(broker)
        raise
    return broker


async def _close(broker: AsyncBroker) -> None:
    try:
        async with asyncio.timeout(grace.FAREWELL_S):
            await broker.shutdown()
    except Exception as failure:  # noqa: BLE001  # a connection that is gone cannot be closed
        log.info("shard_queue_not_closed", error=describe(failure))
