"""Holding the platform at a point from outside: by PostgreSQL's locks, and by its wait for a standby.

A session that waits for a lock stands inside a transaction that is not committed. A session that waits for a
synchronous standby has committed, durably, and its client does not know it yet. Both end with the database.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import asyncpg

from tests.harness.waiting import eventually

Superuser = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
"""Opens a session of the database's superuser."""

_WAITS_FOR = """
    SELECT EXISTS (SELECT FROM pg_stat_activity
    WHERE usename = $1 AND $2 = ANY (pg_blocking_pids(pid)) AND query LIKE '%' || $3 || '%')
"""
_IS_QUEUED = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)"
_WAITS_FOR_STANDBY = """
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE usename = $1 AND wait_event = 'SyncRep')
"""
_DURABLE_NOTHING = "SELECT pg_logical_emit_message(true, 'probe', '')"


class Lock:
    """A lock that a session of the test's own holds or waits for."""

    def __init__(
        self, session: asyncpg.Connection, taken: "asyncio.Task[str]", watch: asyncpg.Connection
    ) -> None:
        self._session = session
        self._taken = taken
        self._watch = watch

    async def granted(self) -> None:
        """Returns when it is held."""
        async with asyncio.timeout(15):
            await self._taken

    async def stops(self, role: str, saying: str = "") -> None:
        """Returns when a session of the role waits for this lock, by a statement with these words."""
        pid = self._session.get_server_pid()
        await eventually(lambda: self._watch.fetchval(_WAITS_FOR, role, pid, saying))

    async def release(self) -> None:
        await self._session.execute("ROLLBACK")


class Hold:
    """The means to hold a platform's database."""

    def __init__(self, superuser: Superuser, stack: AsyncExitStack, watch: asyncpg.Connection) -> None:
        self._superuser = superuser
        self._stack = stack
        self._watch = watch

    async def lock(self, statement: str) -> Lock:
        """Holds what the statement locks."""
        lock = await self._take(statement)
        await lock.granted()
        return lock

    async def table(self, name: str) -> Lock:
        """Holds a table against all changes; it can be read."""
        return await self.lock(f"LOCK TABLE {name} IN EXCLUSIVE MODE")

    async def queue(self, statement: str) -> Lock:
        """Waits for what the statement locks, before all who come later."""
        lock = await self._take(statement)
        pid = lock._session.get_server_pid()
        await eventually(lambda: self._watch.fetchval(_IS_QUEUED, pid))
        return lock

    async def commits(self) -> None:
        """From now on no commit is answered, though it is durable; after a restart all is as it was."""
        await self._watch.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        await self._watch.execute("SELECT pg_reload_conf()")
        await self._until_commits_wait()
        await self._watch.execute("ALTER SYSTEM RESET synchronous_standby_names")

    async def committed(self, role: str) -> None:
        """Returns when a session of the role has committed and waits for the answer."""
        await eventually(lambda: self._watch.fetchval(_WAITS_FOR_STANDBY, role))

    async def until(self, condition: str) -> None:
        """Returns when an SQL condition holds."""
        await eventually(lambda: self._watch.fetchval(f"SELECT {condition}"))

    async def _until_commits_wait(self) -> None:
        session = await self._session()

        async def waits() -> bool:
            probe = self._ending_with_us(asyncio.create_task(session.execute(_DURABLE_NOTHING)))
            while not probe.done():
                if await self._watch.fetchval(_WAITS_FOR_STANDBY, "postgres"):
                    return True
            return False

        await eventually(waits)

    async def _take(self, statement: str) -> Lock:
        session = await self._session()
        await session.execute("BEGIN")
        taken = self._ending_with_us(asyncio.create_task(session.execute(statement)))
        return Lock(session, taken, self._watch)

    async def _session(self) -> asyncpg.Connection:
        return await self._stack.enter_async_context(self._superuser())

    def _ending_with_us(self, task: "asyncio.Task[str]") -> "asyncio.Task[str]":
        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(end)
        return task


@asynccontextmanager
async def holding(superuser: Superuser) -> AsyncIterator[Hold]:
    """For the length of the block; whatever is held is let go at its end."""
    async with AsyncExitStack() as stack:
        watch = await stack.enter_async_context(superuser())
        yield Hold(superuser, stack, watch)
