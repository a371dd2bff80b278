"""One service's database: its runtime login, its system login, and the unit of work on them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import event, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from services.chassis.absence import tell_absence
from services.chassis.actor import Actor
from services.chassis.business import Tally, uncounted
from services.chassis.clock import Clock
from services.chassis.rows import TENANT_SETTING
from services.chassis.unit_of_work import UnitOfWork

_STATEMENT_TIMEOUT_MS = 15_000
_IDLE_TIMEOUT_MS = 30_000
_CONNECT_TIMEOUT_S = 5.0
_SYSTEM_POOL = 2


class Database:
    """Two pools of one service: `unit_of_work` sees one tenant's rows, `system` claims across tenants.

    Nothing connects before first use; `close` returns every connection.
    """

    def __init__(
        self,
        url: str,
        system_url: str,
        *,
        schema: str,
        clock: Clock,
        pool_size: int = 10,
        tally: Tally = uncounted,
    ) -> None:
        self._clock = clock
        self._tally = tally
        self.engine = _engine(url, schema=schema, pool_size=pool_size)
        self.system_engine = _engine(system_url, schema=schema, pool_size=_SYSTEM_POOL)

    def unit_of_work(self, actor: Actor) -> UnitOfWork:
        """A unit of work in the actor's tenant: use it as an async context manager and commit it once.

        It takes no connection before its first statement.
        """
        session = AsyncSession(self.engine, expire_on_commit=False)
        session.info[TENANT_SETTING] = actor.tenant
        event.listen(session.sync_session, "after_begin", _set_tenant)
        return UnitOfWork(session, actor, self._clock, self._tally)

    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of the system login, committed at the end: claims and pruning, nothing else."""
        async with self.system_engine.begin() as connection:
            yield connection

    async def ping(self) -> None:
        """Raises what the driver raises when the database is away."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()
        await self.system_engine.dispose()


def _engine(url: str, *, schema: str, pool_size: int) -> AsyncEngine:
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged, and the values are a tenant's
        connect_args=_connect_args(parsed.host, schema),
    )
    tell_absence(engine.sync_engine)
    return engine


def _connect_args(host: str | None, schema: str) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "timeout": _CONNECT_TIMEOUT_S,
        "command_timeout": _STATEMENT_TIMEOUT_MS / 1000 + 5,
        "server_settings": {
            "search_path": schema,
            "application_name": f"valueverse-{schema}",
            "statement_timeout": str(_STATEMENT_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(_IDLE_TIMEOUT_MS),
        },
    }
    if host in {"127.0.0.1", "localhost", "::1"}:
        # asyncpg would look for certificates in the home folder, a blocking call, at every connect.
        arguments["ssl"] = False
    return arguments


def _set_tenant(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    tenant: UUID = session.info[TENANT_SETTING]
    connection.execute(
        text("SELECT set_config(:name, :tenant, true)"), {"name": TENANT_SETTING, "tenant": str(tenant)}
    )
