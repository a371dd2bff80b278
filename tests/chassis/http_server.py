"""A real HTTP server for an ASGI app, in this process and on a free port."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from services.chassis.registry import Address


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to pytest."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[Address]:
    """Serves the app for the length of the block."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            async with asyncio.timeout(10):
                while not server.started:  # noqa: ASYNC110  # it tells nobody
                    await asyncio.sleep(0.005)
            yield Address("127.0.0.1", listening.getsockname()[1])
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 10)
