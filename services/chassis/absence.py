"""The absence of the database: how it shows, and how it is told from a refusal."""

from typing import Any

from asyncpg import exceptions as postgres
from sqlalchemy import event
from sqlalchemy import exc as sql
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect

# SQLSTATEs of a server that is away for the moment: connection, resources, shutdown and start, system.
_AWAY_SQLSTATES = ("08", "53", "57P", "58")


class DatabaseAway(Exception):
    """The server cannot be reached, or has not answered in time."""


# What is raised while the server is away, besides errors of the server itself that say so.
AWAY: tuple[type[Exception], ...] = (
    DatabaseAway,
    sql.TimeoutError,
    postgres.PostgresConnectionError,
    postgres.CannotConnectNowError,
    postgres.InterfaceError,
    ConnectionError,
)


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database was not there, rather than that it refused the work."""
    if isinstance(error, sql.DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or state.startswith(_AWAY_SQLSTATES)
    return isinstance(error, AWAY)


def tell_absence(engine: Engine) -> None:
    """Makes an engine raise DatabaseAway for whatever the network raises, and give up a silent connection."""
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "handle_error", _give_up_silent, retval=True)


def _connect(dialect: Dialect, _record: object, args: Any, parameters: Any) -> DBAPIConnection:
    try:
        return dialect.connect(*args, **parameters)
    except OSError as error:  # refused, not in time, no such name
        raise DatabaseAway(f"{type(error).__name__}: {error}") from error


def _give_up_silent(context: ExceptionContext) -> DatabaseAway | None:
    if not isinstance(context.original_exception, TimeoutError):
        return None
    context.is_disconnect = True  # a rollback would wait for the same silence
    return DatabaseAway("The server does not answer.")
