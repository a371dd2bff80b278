"""SQL that a test says beside the code under test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import exc
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool


@asynccontextmanager
async def connect(url: str, schema: str = "public") -> AsyncIterator[AsyncConnection]:
    """A connection of its own, rolled back unless committed."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        poolclass=NullPool,
        connect_args={"ssl": False, "timeout": 10, "server_settings": {"search_path": schema}},
    )
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def sqlstate_of(error: exc.DBAPIError) -> str | None:
    """PostgreSQL's code for what it refused."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state
