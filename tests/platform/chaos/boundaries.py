"""Each boundary on the way of a request and its event: how the platform is brought there, and what a kill at
that very point leaves behind."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from tests.platform.chaos.locks import Hold, Lock
from tests.platform.chaos.notebook import Interrupted

_KEYS = "architect.idempotency_keys"
_OUTBOX = "architect.outbox"
_CLAIMED_KEY = f"SELECT FROM {_KEYS} WHERE status IS NULL FOR UPDATE"
_EVENT = f"SELECT FROM {_OUTBOX} WHERE published_at IS NULL FOR UPDATE"
_LEFT = """
    SELECT (SELECT count(*) FROM architect.idempotency_keys
            WHERE tenant_id = $1 AND status IS NULL) AS claimed,
           (SELECT count(*) FROM architect.outbox WHERE tenant_id = $1) AS committed,
           (SELECT count(*) FROM notification.inbox WHERE tenant_id = $1) AS handled,
           (SELECT count(*) FROM architect.outbox
            WHERE tenant_id = $1 AND published_at IS NOT NULL) AS acknowledged
"""


@dataclass(frozen=True)
class Left:
    """What is found after the kill: keys whose request has no answer, events, events handled, and events that
    are known to have been."""

    claimed: int
    committed: int
    handled: int
    acknowledged: int


async def left_behind(database: asyncpg.Connection, tenant: UUID) -> Left:
    return Left(**dict(await database.fetchrow(_LEFT, tenant)))


class Strike:
    """The one request with an event that is under way when the platform is killed."""

    def __init__(self, request: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._request = request
        self._sent: asyncio.Task[Any] | None = None

    def begin(self) -> None:
        self._sent = asyncio.create_task(self._request())

    async def answered(self) -> None:
        """Returns when it has its answer."""
        assert self._sent is not None, "begin it first"
        async with asyncio.timeout(15):
            await self._sent

    async def was_answered(self) -> bool:
        """Whether it had its answer before the kill."""
        try:
            await self.answered()
        except Interrupted:
            return False
        return True


Reach = Callable[[Hold, Strike], Awaitable[None]]


@dataclass(frozen=True)
class Boundary:
    """A point on the way; `reach` returns when the platform stands there."""

    name: str
    reach: Reach
    left: Left


BOUNDARIES: list[Boundary] = []


def boundary(name: str, *left: int) -> Callable[[Reach], Reach]:
    """Registers how a boundary is reached."""

    def register(reach: Reach) -> Reach:
        BOUNDARIES.append(Boundary(name, reach, Left(*left)))
        return reach

    return register


@boundary("key not claimed", 0, 0, 0, 0)
async def key_not_claimed(hold: Hold, strike: Strike) -> None:
    keys = await hold.table(_KEYS)
    strike.begin()
    await keys.stops("architect")


@boundary("key claimed, and nobody told", 1, 0, 0, 0)
async def key_claimed(hold: Hold, strike: Strike) -> None:
    keys = await hold.table(_KEYS)
    strike.begin()
    await keys.stops("architect")
    await hold.commits()
    await keys.release()
    await hold.committed("architect")


@boundary("state written, event not", 1, 0, 0, 0)
async def state_written(hold: Hold, strike: Strike) -> None:
    outbox = await hold.table(_OUTBOX)
    strike.begin()
    await outbox.stops("architect", "INSERT INTO outbox")


async def _all_but_the_answer_written(hold: Hold, strike: Strike) -> Lock:
    outbox = await hold.table(_OUTBOX)
    strike.begin()
    await outbox.stops("architect", "INSERT INTO outbox")
    key = await hold.lock(_CLAIMED_KEY)
    await outbox.release()
    await key.stops("architect", "UPDATE idempotency_keys")
    return key


@boundary("event written, answer not: before the commit", 1, 0, 0, 0)
async def before_the_commit(hold: Hold, strike: Strike) -> None:
    await _all_but_the_answer_written(hold, strike)


@boundary("committed, not answered", 0, 1, 0, 0)
async def after_the_commit(hold: Hold, strike: Strike) -> None:
    key = await _all_but_the_answer_written(hold, strike)
    await hold.commits()
    await key.release()
    await hold.committed("architect")


async def _answered_but_not_claimed(hold: Hold, strike: Strike) -> Lock:
    key = await _all_but_the_answer_written(hold, strike)
    outbox = await hold.queue(f"LOCK TABLE {_OUTBOX} IN EXCLUSIVE MODE")
    await key.release()
    await strike.answered()
    await outbox.granted()
    await outbox.stops("architect_system", "UPDATE outbox")
    return outbox


@boundary("answered, event not claimed", 0, 1, 0, 0)
async def event_not_claimed(hold: Hold, strike: Strike) -> None:
    await _answered_but_not_claimed(hold, strike)


@boundary("event claimed, not read", 0, 1, 0, 0)
async def event_claimed(hold: Hold, strike: Strike) -> None:
    unclaimed = await _answered_but_not_claimed(hold, strike)
    unread = await hold.queue(f"LOCK TABLE {_OUTBOX} IN ACCESS EXCLUSIVE MODE")
    await unclaimed.release()
    await unread.granted()
    await unread.stops("architect", "FROM outbox")


async def _published(hold: Hold, strike: Strike) -> Lock:
    inbox = await hold.table("notification.inbox")
    strike.begin()
    await inbox.stops("notification", "INSERT INTO inbox")
    await strike.answered()
    return inbox


@boundary("published, not taken", 0, 1, 0, 0)
async def before_the_handler(hold: Hold, strike: Strike) -> None:
    await _published(hold, strike)


@boundary("handler at work, before its commit", 0, 1, 0, 0)
async def within_the_handler(hold: Hold, strike: Strike) -> None:
    messages = await hold.table("notification.messages")
    strike.begin()
    await messages.stops("notification", "INSERT INTO messages")


@boundary("handler committed, not confirmed to the relay", 0, 1, 1, 0)
async def after_the_handler_s_commit(hold: Hold, strike: Strike) -> None:
    inbox = await _published(hold, strike)
    await hold.commits()
    await inbox.release()
    await hold.committed("notification")


async def _confirmed(hold: Hold, strike: Strike) -> Lock:
    inbox = await _published(hold, strike)
    event = await hold.lock(_EVENT)
    await inbox.release()
    await event.stops("architect_system", "published_at")
    return event


@boundary("confirmed, before the acknowledgement", 0, 1, 1, 0)
async def before_the_acknowledgement(hold: Hold, strike: Strike) -> None:
    await _confirmed(hold, strike)


@boundary("acknowledged, and the relay not told", 0, 1, 1, 1)
async def within_the_acknowledgement(hold: Hold, strike: Strike) -> None:
    event = await _confirmed(hold, strike)
    await hold.commits()
    await event.release()
    await hold.committed("architect_system")


@boundary("acknowledged", 0, 1, 1, 1)
async def after_the_acknowledgement(hold: Hold, strike: Strike) -> None:
    strike.begin()
    await strike.answered()
    await hold.until(f"NOT EXISTS (SELECT FROM {_OUTBOX} WHERE published_at IS NULL)")
