"""What every replica does for jobs beside answering requests."""

from collections.abc import Callable, Sequence

from services.calculation_engine.jobs.coordinator import Coordinator
from services.calculation_engine.jobs.queue import ShardQueue, local_queue, rabbit_queue
from services.calculation_engine.jobs.worker import Worker
from services.chassis.background import BackgroundService
from services.chassis.runtime import Runtime
from services.chassis.seams import Seams
from services.chassis.settings import ServiceSettings


def background(settings: ServiceSettings, seams: Seams) -> Sequence[Callable[[Runtime], BackgroundService]]:
    """A coordinator and a worker on one queue."""
    queue = _queue(settings, seams)
    return (lambda runtime: Coordinator(runtime, queue), lambda runtime: Worker(runtime, queue))


def _queue(settings: ServiceSettings, seams: Seams) -> ShardQueue:
    """To other replicas, if a broker and a cache are there that all share."""
    if seams.bus.kind == "rabbit" and settings.redis_url:
        return rabbit_queue(settings.rabbitmq_url.get_secret_value())
    return local_queue()
