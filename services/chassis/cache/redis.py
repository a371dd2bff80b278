"""The cache that all replicas share: Redis 7+. Away, it is missed, never waited for."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import MaxConnectionsError, RedisError

from services.chassis.breaker import CircuitBreaker
from services.chassis.cache import CacheAway, Reads
from services.chassis.cache.mailbox import Mailbox
from services.chassis.clock import SYSTEM_CLOCK, Clock

log = structlog.get_logger(__name__)
T = TypeVar("T")

# Its own source: the process's shared generator belongs to whoever seeds it.
_jitter = random.SystemRandom()
_TIMEOUT_S = 0.5
_FAILURES_TO_PAUSE = 3
_PAUSE_S = 1.0
_PING_EVERY_S = 10.0
_LONGEST_RETRY_S = 2.0
_AWAY = (RedisError, OSError, TimeoutError, CacheAway)


class RedisCache:
    """Values, counters and channels in Redis.

    Every call ends within `timeout_s`. After a few failures in a row only one call a second still tries.
    """

    def __init__(self, url: str, *, timeout_s: float = _TIMEOUT_S, clock: Clock = SYSTEM_CLOCK) -> None:
        self._timeout_s = timeout_s
        self._redis = self._client(url)
        # Each listener holds a connection: however many there are, calls have theirs.
        self._listening = self._client(url)
        self._breaker = CircuitBreaker(failures_to_open=_FAILURES_TO_PAUSE, open_for_s=_PAUSE_S, clock=clock)
        self._failures = 0
        self.reads = Reads()
        self._away = False

    def _client(self, url: str) -> Redis:
        return Redis.from_url(
            url,
            # Each call has a deadline here. The library's own is `asyncio.wait_for`, which on Python 3.11
            # swallows a cancellation that comes as the write is done.
            socket_timeout=None,
            socket_connect_timeout=self._timeout_s,
            # Once more at once: a pooled connection may be from before the server's restart.
            retry=Retry(NoBackoff(), retries=1),
            # Or each new connection would read the library's version from disk, in the event loop.
            driver_info=None,
        )

    @property
    def failures(self) -> int:
        return self._failures

    async def get(self, key: str) -> bytes | None:
        async def read() -> bytes | None:
            # It would be text only if it were told to decode.
            value = cast("bytes | None", await self._redis.get(key))
            self.reads.note(value)
            return value

        return await self._call(read)

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        return bool(await self._call(lambda: self._redis.set(key, value, px=_milliseconds(ttl_s))))

    async def delete(self, *keys: str) -> None:
        if keys:
            await self._call(lambda: self._redis.delete(*keys))

    async def incr(self, key: str, *, window_s: float) -> int | None:
        async def count() -> int:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.incr(key)
                pipeline.pexpire(key, _milliseconds(window_s), nx=True)
                answers = await pipeline.execute()
            return int(answers[0])

        return await self._call(count)

    async def publish(self, channel: str, message: bytes) -> None:
        await self._call(lambda: self._redis.publish(channel, message))

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        mailbox = Mailbox()
        listening = asyncio.Event()
        listener = asyncio.create_task(self._listen(channel, mailbox, listening), name=f"listen:{channel}")
        try:
            with suppress(TimeoutError):  # away: the listener goes on trying
                async with asyncio.timeout(self._timeout_s):
                    await listening.wait()
            yield mailbox
        finally:
            listener.cancel()
            await asyncio.wait([listener])

    async def ping(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._redis.ping()
        except _AWAY as error:
            raise CacheAway(type(error).__name__) from error

    async def close(self) -> None:
        await self._redis.aclose()
        await self._listening.aclose()

    async def _call(self, command: Callable[[], Awaitable[T]]) -> T | None:
        if not self._breaker.allows():
            self._failures += 1
            return None
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await command()
        except _AWAY as error:
            self._breaker.failed()
            self._missed(error)
            return None
        self._breaker.succeeded()
        self._answered()
        return answer

    async def _listen(self, channel: str, mailbox: Mailbox, listening: asyncio.Event) -> None:
        while True:
            try:
                async with self._listening.pubsub() as pubsub:
                    async with asyncio.timeout(self._timeout_s):
                        await pubsub.subscribe(channel)
                    await self._collect(pubsub, mailbox, listening)
            except MaxConnectionsError:
                log.warning("too_many_listeners", channel=channel)
            except _AWAY as error:
                self._missed(error)
            await asyncio.sleep(_jitter.uniform(0.1, _LONGEST_RETRY_S))

    async def _collect(self, pubsub: PubSub, mailbox: Mailbox, listening: asyncio.Event) -> None:
        silent = False
        while True:
            message: dict[str, Any] | None = await pubsub.get_message(timeout=_PING_EVERY_S)
            if message is None:
                if silent:
                    raise CacheAway("a listener's connection has gone silent")
                silent = True
                async with asyncio.timeout(self._timeout_s):
                    await pubsub.ping()
                continue
            silent = False
            if message["type"] == "subscribe":
                self._answered()
                listening.set()
            elif message["type"] == "message":
                mailbox.put(message["data"])

    def _missed(self, error: Exception) -> None:
        self._failures += 1
        if not self._away:
            log.warning("cache_away", error=repr(error))
        self._away = True

    def _answered(self) -> None:
        if self._away:
            log.info("cache_back")
        self._away = False


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
