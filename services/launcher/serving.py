"""Several HTTP servers in one process, started and stopped together."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from services.chassis import grace
from services.chassis.stopping import Stoppable
from services.launcher.errors import CannotStart

_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int


@contextmanager
def bound(addresses: Sequence[Address]) -> Iterator[list[socket.socket]]:
    """Listening sockets on all addresses, or on none: before anything else is started.

    They listen at once, as two processes may bind one port until one of them listens; who connects early
    waits for the answer.

    Raises:
        CannotStart: a port is taken; the message names it.
    """
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(_listening(address)) for address in addresses]


def _listening(address: Address) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((address.host, address.port))
        opened.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        opened.close()
        reason = getattr(error, "strerror", None) or error
        raise CannotStart(
            f"Port {address.port} cannot be used ({reason}): stop what listens there, or give another --port."
        ) from error
    return opened


class _Server(uvicorn.Server):
    """A server that leaves signals alone: one handler of the launcher stops all of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(apps: Sequence[tuple[ASGIApp, socket.socket]]) -> AsyncIterator[None]:
    """Serves each app on its socket for the length of the block; leaving drains what is in flight.

    The apps' lifespans are not entered here: an app may be served twice.
    """
    served = [Stoppable(app) for app, _ in apps]
    servers = [_Server(_config(app)) for app in served]
    tasks = [
        asyncio.create_task(server.serve(sockets=[opened]))
        for server, (_, opened) in zip(servers, apps, strict=True)
    ]
    try:
        await _until_started(servers, tasks)
        yield
    finally:
        for app, server in zip(served, servers, strict=True):
            app.is_stopping = True
            server.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)


def spare_what_started() -> None:
    """Leaves everything that has been made until now out of garbage collection: it stays as long as the
    process does, and to go through it all would stop every request for a tenth of a second, again and
    again."""
    gc.collect()
    gc.freeze()


async def _until_started(servers: Sequence[uvicorn.Server], tasks: Sequence[asyncio.Task[None]]) -> None:
    while not all(server.started for server in servers):
        for task in tasks:
            if task.done():
                task.result()
                raise CannotStart("A server ended while it was starting.")
        await asyncio.sleep(0.01)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=grace.REQUESTS_S,
        backlog=_BACKLOG,
        server_header=False,
        ws="none",
    )
